package peer;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.axonframework.common.jdbc.ConnectionProvider;
import org.axonframework.common.transaction.Transaction;
import org.axonframework.common.transaction.TransactionManager;

/** JDBC transactions of a thread, as Spring's manager gives them: everything in a unit of work uses one connection. */
final class Transactions implements TransactionManager, ConnectionProvider {
    private final DataSource pool;
    private final ThreadLocal<Open> current = new ThreadLocal<>();

    Transactions(DataSource pool) {
        this.pool = pool;
    }

    @Override
    public Transaction startTransaction() {
        if (current.get() != null) {
            return new Joined();
        }
        Open open = new Open();
        current.set(open);
        return open;
    }

    /** Outside of a transaction the connection commits each statement. */
    @Override
    public Connection getConnection() throws SQLException {
        Open open = current.get();
        return open == null ? pool.getConnection() : open.connection();
    }

    private final class Open implements Transaction {
        private Connection real;
        private Connection shared;

        /** The connection is taken from the pool when it is first needed. */
        Connection connection() throws SQLException {
            if (real == null) {
                real = pool.getConnection();
                real.setAutoCommit(false);
                shared = unclosable(real);
            }
            return shared;
        }

        @Override
        public void commit() {
            end(true);
        }

        @Override
        public void rollback() {
            end(false);
        }

        private void end(boolean commit) {
            current.remove();
            if (real == null) {
                return;
            }
            try (Connection ended = real) {
                if (commit) {
                    ended.commit();
                } else {
                    ended.rollback();
                }
                ended.setAutoCommit(true);
            } catch (SQLException failed) {
                throw new IllegalStateException(failed);
            } finally {
                real = null;
            }
        }
    }

    /** A transaction within another one ends with it. */
    private static final class Joined implements Transaction {
        @Override
        public void commit() {
        }

        @Override
        public void rollback() {
        }
    }

    private static Connection unclosable(Connection real) {
        return (Connection) Proxy.newProxyInstance(Connection.class.getClassLoader(), new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("close")) {
                    return null;
                }
                try {
                    return method.invoke(real, arguments);
                } catch (InvocationTargetException failed) {
                    throw failed.getCause();
                }
            });
    }
}

package peer;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.axonframework.eventhandling.EventHandler;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.messaging.unitofwork.UnitOfWork;

/** The view: a row for each stream, written once a batch, in the transaction that also stores the token. */
public final class Rows {
    private static final String BATCH = "peer.batch";
    private static final String UPSERT = "INSERT INTO decisions (id, count, last) "
        + "SELECT * FROM unnest(?::text[], ?::bigint[], ?::text[]) "
        + "ON CONFLICT (id) DO UPDATE SET count = decisions.count + excluded.count, last = excluded.last";
    private final Transactions transactions;
    final AtomicLong committed = new AtomicLong();

    Rows(Transactions transactions) {
        this.transactions = transactions;
    }

    private static final class Row {
        long count;
        String last;
    }

    @EventHandler
    public void on(Decided event, DomainEventMessage<Decided> message) {
        UnitOfWork<?> unit = CurrentUnitOfWork.get();
        Map<String, Row> batch = unit.getOrComputeResource(BATCH, key -> begin(unit));
        Row row = batch.computeIfAbsent(message.getAggregateIdentifier(), id -> new Row());
        row.count++;
        row.last = event.service;
    }

    private Map<String, Row> begin(UnitOfWork<?> unit) {
        Map<String, Row> batch = new HashMap<>();
        unit.onPrepareCommit(ending -> write(batch));
        unit.afterCommit(ended -> committed.addAndGet(batch.values().stream().mapToLong(row -> row.count).sum()));
        return batch;
    }

    private void write(Map<String, Row> batch) {
        Object[] ids = batch.keySet().toArray();
        Object[] counts = batch.values().stream().map(row -> row.count).toArray();
        Object[] lasts = batch.values().stream().map(row -> row.last).toArray();
        try (Connection connection = transactions.getConnection();
                PreparedStatement upsert = connection.prepareStatement(UPSERT)) {
            upsert.setArray(1, array(connection, "text", ids));
            upsert.setArray(2, array(connection, "bigint", counts));
            upsert.setArray(3, array(connection, "text", lasts));
            upsert.executeUpdate();
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static Array array(Connection connection, String type, Object[] values) throws SQLException {
        return connection.createArrayOf(type, values);
    }
}

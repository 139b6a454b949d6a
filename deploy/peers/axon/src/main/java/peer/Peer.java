package peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.axonframework.common.caching.NoCache;
import org.axonframework.common.transaction.TransactionManager;
import org.axonframework.config.AggregateConfigurer;
import org.axonframework.config.Configuration;
import org.axonframework.config.DefaultConfigurer;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.axonframework.eventhandling.PropagatingErrorHandler;
import org.axonframework.eventhandling.SimpleEventHandlerInvoker;
import org.axonframework.eventhandling.pooled.PooledStreamingEventProcessor;
import org.axonframework.eventhandling.tokenstore.jdbc.JdbcTokenStore;
import org.axonframework.eventhandling.tokenstore.jdbc.PostgresTokenTableFactory;
import org.axonframework.eventsourcing.eventstore.EventStore;
import org.axonframework.eventsourcing.eventstore.jdbc.JdbcEventStorageEngine;
import org.axonframework.eventsourcing.eventstore.jdbc.PostgresEventTableFactory;
import org.axonframework.messaging.StreamableMessageSource;
import org.axonframework.serialization.json.JacksonSerializer;

/** Axon with its JDBC storage engine: commands on the in-process bus, a replay by a pooled streaming processor. */
final class Peer {
    /** As many as the other peers have. */
    private static final int CONNECTIONS = 32;
    /** Streams that are filled before commands are measured, as main.rs has it. */
    private static final long STREAMS = 20_000;
    private static final int EVENTS_OF_A_STREAM = 10;
    private static final int APPENDED_STREAMS = 200;
    /** Events of a batch of the replay, of a page that it reads. */
    private static final int REPLAY_BATCH = 1_000;
    private static final int PAGE = 1_000;
    private static final int REPLAY_SEGMENTS = 2;
    private static final long REPLAY_SECONDS_MAX = 120;

    private interface Step {
        void run() throws Exception;
    }

    private interface Client {
        long run(int number) throws Exception;
    }

    private final Transactions transactions;
    private final JacksonSerializer serializer = JacksonSerializer.defaultSerializer();
    private final JdbcEventStorageEngine engine;
    private final JdbcTokenStore tokens;
    private final Configuration axon;
    private final HeldCache cache = new HeldCache();

    Peer(String url, boolean cached) throws SQLException {
        transactions = new Transactions(pool(url));
        engine = JdbcEventStorageEngine.builder()
            .connectionProvider(transactions)
            .transactionManager(transactions)
            .eventSerializer(serializer)
            .snapshotSerializer(serializer)
            .batchSize(PAGE)
            .build();
        engine.createSchema(PostgresEventTableFactory.INSTANCE);
        tokens = JdbcTokenStore.builder().connectionProvider(transactions).serializer(serializer).build();
        tokens.createSchema(PostgresTokenTableFactory.INSTANCE);
        sql("CREATE TABLE decisions (id text PRIMARY KEY, count bigint NOT NULL, last text NOT NULL)");
        AggregateConfigurer<Decisions> aggregate = AggregateConfigurer.defaultConfiguration(Decisions.class)
            .configureCache(configuration -> cached ? cache : NoCache.INSTANCE);
        axon = DefaultConfigurer.defaultConfiguration()
            .registerComponent(TransactionManager.class, configuration -> transactions)
            .configureSerializer(configuration -> serializer)
            .configureEmbeddedEventStore(configuration -> engine)
            .configureAggregate(aggregate)
            .buildConfiguration();
        axon.start();
    }

    private static HikariDataSource pool(String url) {
        // postgres://USER@localhost:PORT/DATABASE?host=FOLDER: the socket file is in the folder.
        URI address = URI.create(url);
        String folder = address.getQuery().replaceFirst("^host=", "");
        HikariConfig settings = new HikariConfig();
        settings.setJdbcUrl("jdbc:postgresql://localhost" + address.getPath());
        settings.setUsername(address.getUserInfo());
        settings.addDataSourceProperty("socketFactory", "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg");
        settings.addDataSourceProperty("socketFactoryArg", folder + "/.s.PGSQL." + address.getPort());
        settings.addDataSourceProperty("sslmode", "disable");
        settings.setMaximumPoolSize(CONNECTIONS);
        settings.setMinimumIdle(CONNECTIONS);
        return new HikariDataSource(settings);
    }

    private static String stream(long number) {
        return UUID.nameUUIDFromBytes(Long.toString(number).getBytes(StandardCharsets.US_ASCII)).toString();
    }

    /** Streams with these numbers, of ten events each, by SQL. */
    Main.Done fill(long from, long until) throws Exception {
        byte[] payload = serializer.serialize(new Decided(), byte[].class).getData();
        Object[] streams = new Object[Math.toIntExact(until - from)];
        for (long number = from; number < until; number++) {
            streams[Math.toIntExact(number - from)] = stream(number);
        }
        double seconds = timed(() -> {
            try (Connection connection = transactions.getConnection(); PreparedStatement insert = connection
                    .prepareStatement("INSERT INTO DomainEventEntry (aggregateIdentifier, sequenceNumber, type, "
                        + "eventIdentifier, metaData, payload, payloadRevision, payloadType, timeStamp) "
                        + "SELECT stream, n, 'Decisions', gen_random_uuid()::text, convert_to('{}', 'UTF8'), ?, NULL, "
                        + "?, '2026-03-30T09:00:00.000Z' "
                        + "FROM unnest(?::text[]) AS stream, generate_series(0, ?) AS n ORDER BY stream, n")) {
                insert.setBytes(1, payload);
                insert.setString(2, Decided.class.getName());
                insert.setArray(3, connection.createArrayOf("text", streams));
                insert.setInt(4, EVENTS_OF_A_STREAM - 1);
                insert.executeUpdate();
            }
            sql("VACUUM ANALYZE DomainEventEntry");
        });
        return new Main.Done(until - from, seconds);
    }

    /** Each client adds events to streams of its own, whose revisions it knows. */
    Main.Done appends(int clients, long seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        return all(clients, number -> {
            String[] own = new String[APPENDED_STREAMS];
            for (int at = 0; at < own.length; at++) {
                own[at] = UUID.randomUUID().toString();
            }
            long done = 0;
            for (; System.nanoTime() < deadline; done++) {
                String stream = own[Math.toIntExact(done % own.length)];
                var event = new GenericDomainEventMessage<>("Decisions", stream, done / own.length, new Decided());
                engine.appendEvents(event);
            }
            return done;
        });
    }

    /** Each client loads a stream (or has it in the cache), decides, and adds an event. */
    Main.Done commands(int clients, long seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        long share = STREAMS / clients;
        long missed = cache.missed.get();
        Main.Done all = all(clients, number -> {
            long done = 0;
            for (; System.nanoTime() < deadline; done++) {
                long of = number * share + ThreadLocalRandom.current().nextLong(share);
                axon.commandGateway().sendAndWait(new Decide(stream(of)));
            }
            return done;
        });
        return new Main.Done(all.done(), all.seconds(), cache.missed.get() - missed);
    }

    /** Each stream gets one command. */
    Main.Done visits(int clients) throws Exception {
        return all(clients, number -> {
            long done = 0;
            for (long of = number; of < STREAMS; of += clients, done++) {
                axon.commandGateway().sendAndWait(new Decide(stream(of)));
            }
            return done;
        });
    }

    /** Folds all events into rows, in batches, each with its token in one transaction. */
    Main.Done replay() throws Exception {
        sql("TRUNCATE decisions, TokenEntry");
        long expected = number("SELECT count(*) FROM DomainEventEntry");
        Rows rows = new Rows(transactions);
        ScheduledExecutorService coordinator = Executors.newScheduledThreadPool(1);
        ScheduledExecutorService workers = Executors.newScheduledThreadPool(REPLAY_SEGMENTS);
        PooledStreamingEventProcessor processor = PooledStreamingEventProcessor.builder()
            .name("decisions")
            .eventHandlerInvoker(SimpleEventHandlerInvoker.builder().eventHandlers(rows).build())
            .errorHandler(PropagatingErrorHandler.instance())
            .messageSource(axon.getComponent(EventStore.class))
            .tokenStore(tokens)
            .transactionManager(transactions)
            .coordinatorExecutor(coordinator)
            .workerExecutor(workers)
            .initialSegmentCount(REPLAY_SEGMENTS)
            .initialToken(StreamableMessageSource::createTailToken)
            .batchSize(REPLAY_BATCH)
            .build();
        double seconds = timed(() -> {
            processor.start();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(REPLAY_SECONDS_MAX);
            while (rows.committed.get() < expected) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(rows.committed + " of " + expected + " events in time");
                }
                Thread.sleep(1);
            }
        });
        processor.shutdownAsync().get();
        coordinator.shutdownNow();
        workers.shutdownNow();
        long folded = number("SELECT sum(count)::bigint FROM decisions");
        if (folded != expected) {
            throw new IllegalStateException(folded + " of " + expected + " events are in the rows");
        }
        return new Main.Done(folded, seconds);
    }

    private static double timed(Step step) throws Exception {
        long began = System.nanoTime();
        step.run();
        return (System.nanoTime() - began) / 1e9;
    }

    private static Main.Done all(int clients, Client client) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        long began = System.nanoTime();
        List<Future<Long>> running = new ArrayList<>();
        for (int number = 0; number < clients; number++) {
            int own = number;
            running.add(threads.submit(() -> client.run(own)));
        }
        long done = 0;
        for (Future<Long> one : running) {
            done += one.get();
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        threads.shutdown();
        return new Main.Done(done, seconds);
    }

    private void sql(String statement) throws SQLException {
        try (Connection connection = transactions.getConnection(); Statement run = connection.createStatement()) {
            run.execute(statement);
        }
    }

    private long number(String query) throws SQLException {
        try (Connection connection = transactions.getConnection(); Statement run = connection.createStatement();
                ResultSet rows = run.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}

package peer;

import org.axonframework.commandhandling.CommandHandler;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventsourcing.EventSourcingHandler;
import org.axonframework.modelling.command.AggregateIdentifier;
import org.axonframework.modelling.command.AggregateLifecycle;

/** The same state as the other peers keep of a stream. */
public class Decisions {
    @AggregateIdentifier
    private String id;
    private long count;
    private String last;

    /** Axon makes the aggregate with it and then replays the events. */
    protected Decisions() {
    }

    @CommandHandler
    public void handle(Decide command) {
        if (count == Long.MAX_VALUE) {
            throw new IllegalStateException("decided too often");
        }
        AggregateLifecycle.apply(new Decided());
    }

    @EventSourcingHandler
    public void on(Decided event, DomainEventMessage<Decided> message) {
        id = message.getAggregateIdentifier();
        count++;
        last = event.service;
    }
}

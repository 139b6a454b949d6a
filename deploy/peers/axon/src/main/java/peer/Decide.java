package peer;

import org.axonframework.modelling.command.TargetAggregateIdentifier;

/** The command: load the stream, decide, append one event. */
public final class Decide {
    @TargetAggregateIdentifier
    public final String stream;

    public Decide(String stream) {
        this.stream = stream;
    }
}

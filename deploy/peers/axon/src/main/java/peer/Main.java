package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;

/**
 * The same orders and answers as the program deploy/peers (see its main.rs), and `visit CLIENTS`: each stream gets one
 * command, so that a cache holds them all.
 */
public final class Main {
    private Main() {
    }

    /** The answer to an order; with the loads of a peer that has a cache. */
    record Done(long done, double seconds, long loads) {
        Done(long done, double seconds) {
            this(done, seconds, 0);
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("axon|axon-cached postgres://USER@HOST:PORT/DATABASE");
        }
        boolean cached = switch (arguments[0]) {
            case "axon" -> false;
            case "axon-cached" -> true;
            default -> throw new IllegalArgumentException("there is no peer " + arguments[0]);
        };
        Peer peer = new Peer(arguments[1], cached);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            String[] words = order.split(" ");
            Done done = switch (words[0]) {
                case "fill" -> peer.fill(Long.parseLong(words[1]), Long.parseLong(words[2]));
                case "append" -> peer.appends(Integer.parseInt(words[1]), Long.parseLong(words[2]));
                case "command" -> peer.commands(Integer.parseInt(words[1]), Long.parseLong(words[2]));
                case "visit" -> peer.visits(Integer.parseInt(words[1]));
                case "replay" -> peer.replay();
                default -> throw new IllegalArgumentException("unknown order: " + order);
            };
            System.out.printf(java.util.Locale.ROOT, "{\"done\": %d, \"seconds\": %f, \"loads\": %d}%n",
                done.done(), done.seconds(), done.loads());
            System.out.flush();
        }
        System.exit(0);
    }
}

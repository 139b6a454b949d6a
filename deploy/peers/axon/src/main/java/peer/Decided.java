package peer;

/** An event of about 155 bytes, the same as the other peers'. */
public final class Decided {
    public String session = "A12345.9KTW3M0ZQ1BC";
    public String startsAt = "2026-03-30T09:00:00Z";
    public String by = "8f14e45f-ceea-467f-a9b5-0123456789ab";
    public String channel = "in-person";
    public String service = "gp";
}

-- The owner of a read model is the holder of its lease. A server of an earlier version finds these columns missing and stops
-- following: it could not see who holds a lease.
ALTER TABLE projection DROP COLUMN owner, DROP COLUMN until;

-- Serves: the head of a stream, a stream from a revision on; and no revision is ever given twice.
CREATE UNIQUE INDEX event_stream_revision ON event (stream, revision);

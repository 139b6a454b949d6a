-- Serves: what a command stored when it comes again; and no command is ever stored twice.
CREATE UNIQUE INDEX event_command_key ON event (command_key) WHERE command_key IS NOT NULL;

SELECT base, revisions, positions FROM look($1)

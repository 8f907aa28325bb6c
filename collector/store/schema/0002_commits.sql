-- Every commit of a revision, also of one that was there before: the older stores kept the last one only.
CREATE TABLE commits (
  number INTEGER PRIMARY KEY, revision TEXT NOT NULL, message TEXT NOT NULL, author TEXT NOT NULL,
  committed_unix_ns INTEGER NOT NULL, allow_mass_delete INTEGER NOT NULL,
  hosts_changed INTEGER NOT NULL, hosts_total INTEGER NOT NULL  -- -1 = was not counted
) STRICT;
INSERT INTO commits SELECT row_number() OVER (
  ORDER BY id IN (SELECT id FROM current_revision), committed_unix_ns, id), id, message, author, committed_unix_ns,
  allow_mass_delete, -1, -1 FROM revisions;

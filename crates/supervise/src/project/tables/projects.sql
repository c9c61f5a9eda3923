-- Projects as the read model holds them; see mod.rs.
create table projects (
    project integer primary key, -- the position of the event that filed it
    id text not null unique,
    code text not null,
    declaration integer not null,
    named_stage text,
    jurisdiction text not null, -- of the village, else that of whoever filed it
    township text not null,
    year integer,
    name text,
    kind text,
    stage text not null,
    owner text,
    budget_fen integer,
    contract_fen integer,
    paid_fen integer not null, -- the sum of its payments
    progress real, -- the last percentage
    required integer not null, -- items that its stage asks for
    done integer not null, -- of these, filled
    edition integer not null,
    version integer not null, -- events of its stream
    position integer not null, -- of the last of them
    filed_by text not null,
    filed_for text not null, -- the jurisdiction of whoever filed it
    filed_at integer not null, -- milliseconds since 1970
    changed_by text not null,
    changed_at integer not null,
    withdrawn integer not null default 0 check (withdrawn in (0, 1))
) strict;
create index projects_by_code on projects (code);
create table project_fields (
    project integer primary key,
    cells text not null -- JSON, what is typed by column
) strict;
create table project_rows (
    project integer not null,
    list text not null,
    row integer not null,
    cells text not null, -- JSON, what is typed by column
    primary key (project, list, row)
) strict, without rowid;
create table project_items (
    project integer not null,
    item text not null,
    edition integer not null,
    actor text not null,
    at integer not null,
    primary key (project, item)
) strict, without rowid;
create table item_changes (
    project integer not null,
    item text not null,
    edition integer not null,
    actor text not null,
    at integer not null,
    primary key (project, item, edition)
) strict, without rowid;
create table project_signatures (
    position integer primary key,
    project integer not null,
    category text not null,
    level text not null check (level in ('village', 'township', 'department')),
    what text not null check (what in ('signed', 'returned')),
    edition integer not null,
    reason text,
    looked text, -- JSON
    actor text not null,
    at integer not null
) strict;
create index project_signatures_of on project_signatures (project, category);
create table project_progress (
    project integer not null,
    category text not null,
    apply integer not null,
    filled integer not null,
    required integer not null,
    done integer not null,
    primary key (project, category)
) strict, without rowid;
create table project_people (
    project integer not null,
    place integer not null, -- from 0: A, B, C …
    person text not null,
    reference text not null,
    primary key (project, place)
) strict, without rowid;
create index project_people_by_person on project_people (person, project);
create table project_files (
    project integer not null,
    name text not null, -- by which cells of the project call it
    sha256 text not null,
    about text not null, -- JSON: the file as the event tells of it
    actor text not null,
    at integer not null,
    primary key (project, name)
) strict, without rowid;
create index project_files_by_hash on project_files (sha256, project);
-- Files that were erased for good: their bytes are to be on no node, unless another project keeps the same.
create table erased_files (
    sha256 text not null,
    project integer not null,
    primary key (sha256, project)
) strict, without rowid;
-- Payloads that are to be erased and were not yet.
create table project_erasures (position integer primary key) strict;

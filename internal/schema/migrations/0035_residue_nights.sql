-- +goose Up
-- The night, a run of ErasureResidue, in which a pass ended: tried again, that night begins no other over the same database.
alter table residue_passes add column night text;
-- Whose identifiers could not be opened, so that the pass did not look for them, or not all the way.
alter table residue_sought add column unopened boolean not null default false;

-- +goose Down
alter table residue_sought drop column unopened;
alter table residue_passes drop column night;

-- +goose Up
-- A right to insert whole rows let the role that dumps write what only a drill may
-- say: a row that is drilled from its first moment. A row begins running and
-- unproven, and only the steps that the triggers know lead on from there.
alter table backups alter column state set default 'running';
alter table file_backups alter column state set default 'running';

revoke insert on backups, backup_objects, file_backups, file_objects, file_contents from steward_backup;
grant insert (id, database, day, attempt, owner, opened_at, beat_at) on backups to steward_backup;
grant insert (id, fileset, day, attempt, owner, opened_at, beat_at) on file_backups to steward_backup;
grant insert (backup_id, attempt, name, kind) on backup_objects, file_objects to steward_backup;
grant insert (id, fileset, source, object, claimed_by, first_at, newest_at) on file_contents to steward_backup;

-- +goose Down
revoke insert (id, database, day, attempt, owner, opened_at, beat_at) on backups from steward_backup;
revoke insert (id, fileset, day, attempt, owner, opened_at, beat_at) on file_backups from steward_backup;
revoke insert (backup_id, attempt, name, kind) on backup_objects, file_objects from steward_backup;
revoke insert (id, fileset, source, object, claimed_by, first_at, newest_at) on file_contents from steward_backup;
grant insert on backups, backup_objects, file_backups, file_objects, file_contents to steward_backup;
alter table backups alter column state drop default;
alter table file_backups alter column state drop default;

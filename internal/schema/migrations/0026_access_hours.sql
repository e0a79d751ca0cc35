-- A member of staff who works through a list sees the same subjects again and again. What
-- a list shows is one row for each hour in which it was seen, however often that was.

-- +goose Up
-- The hour in UTC that the row of a list stands for; null for the look at one thing, and
-- for all rows of before.
alter table access_log add column hour timestamptz check (hour <= at and at < hour + interval '1 hour');
-- Each of two callers at once would find no row of the other: that they leave one, only
-- this index can say. The wide columns come first, so that a page of a list is one range.
create unique index access_log_hours on access_log (staff, operation, role, hour, subject) where hour is not null;

-- +goose Down
drop index access_log_hours;
alter table access_log drop column hour;

-- Whether somebody has done this to that before (act.Did, act.RecordOnce) is asked by
-- requests that are repeated; acts are kept for good, and none of them is looked through.

-- +goose Up
create index staff_acts_object on staff_acts (object, verb);

-- +goose Down
drop index staff_acts_object;

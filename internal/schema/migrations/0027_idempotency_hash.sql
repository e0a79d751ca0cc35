-- An Idempotency-Key is kept as a hash under a key that the API holds (package
-- idempotency), which nobody who reads the database can try guesses against. Rows of
-- before keep the plain hash that they have until their end, and are still found by it.

-- +goose Up
-- The other name stops an API of before, which would look for the plain hash alone and do
-- again what this one has done. It answers 503 until it is started anew.
alter table idempotency_keys rename column key_sha256 to key_hash;

-- +goose Down
alter table idempotency_keys rename column key_hash to key_sha256;

-- How much an instance stores, so that its quota is checked without adding all its objects up.

ALTER TABLE instances ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE instances SET stored_bytes = (SELECT coalesce(sum(size), 0) FROM objects WHERE objects.instance = instances.id);

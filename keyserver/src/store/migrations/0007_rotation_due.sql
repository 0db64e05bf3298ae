-- When a rotation policy that is followed next asks for a rotation, kept with the policy so that it is found by index.

ALTER TABLE key_policies ADD COLUMN due_at INTEGER;
UPDATE key_policies
    SET due_at = (SELECT coalesce(rotated_at, created_at) FROM keys WHERE id = key_id) + interval_month * 2592000000
    WHERE kind = 'rotation' AND enabled;
CREATE INDEX key_policies_by_due ON key_policies (due_at) WHERE due_at IS NOT NULL;

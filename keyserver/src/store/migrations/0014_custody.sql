-- Where the material of each version is (0 file, 1 PKCS#11 token, 2 gateway). `material` is what that custody finds it by: of
-- file custody the sealed material, of the others a name and nothing secret.

ALTER TABLE key_versions ADD COLUMN custody INTEGER NOT NULL DEFAULT 0 CHECK (custody BETWEEN 0 AND 2);

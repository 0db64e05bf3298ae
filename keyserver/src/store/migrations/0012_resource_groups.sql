-- A policy can be on a resource group itself: who has one may order instances into that group.

ALTER TABLE policies ADD COLUMN target_group TEXT;
DROP INDEX policies_differ;
CREATE UNIQUE INDEX policies_differ ON policies (account, roles, ifnull(subject, ''), ifnull(source_service, ''),
    ifnull(source_group, ''), ifnull(source_instance, x''), ifnull(source_resource_type, ''), ifnull(service_type, ''),
    ifnull(service, ''), ifnull(instance, x''), ifnull(ring, ''), ifnull(key_id, x''), ifnull(target_group, ''))
    WHERE state = 'active';

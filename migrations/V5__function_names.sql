-- Functions have no hyphen in their names: an app setting that disables one cannot have a hyphen on
-- Linux in Azure. The runs of the former names count for the new ones.
UPDATE function_run SET function = replace(function, '-', '_') WHERE function LIKE '%-%';

"""What a changed dbt project would do, beside what is published: the change's blast radius."""

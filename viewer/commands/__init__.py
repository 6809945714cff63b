"""What a user can do: one table of commands that feeds menus, toolbar, key sheet and README."""

"""Workspaces: what they are called, who belongs to them, which modules they have on.

Works on the platform's own tables (workspaces, user_roles, workspace_modules); owns none. Requires nothing.
Emits workspaces_module_enabled, workspaces_module_disabled, workspaces_module_configured, workspaces_member_removed,
workspaces_role_changed; asks workspaces_enabling and workspaces_disabling before a module is switched.
"""

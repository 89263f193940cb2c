"""Clients: the people a workspace works for.

Owns: `clients` and `clients_term` (what a client is found by). Emits: clients_created, clients_updated, clients_archived,
clients_restored. Offers: clients_archiving (a veto), clients_timeline (a question). Requires: nothing.
"""

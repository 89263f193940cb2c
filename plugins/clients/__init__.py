"""Clients: the people a workspace works for.

Owns: `clients`, and what is kept about them: terms (what they are found by), health data and consents, notes, exclusions, history, imports,
saved searches. Emits: clients_created, clients_updated, clients_merged and others (events.py). Offers: clients_archiving, clients_merging (a
veto), clients_timeline (a question). Requires: nothing.
"""

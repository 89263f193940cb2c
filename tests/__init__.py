"""The tests. One hangs on nothing but the code: not on how busy the machine is, which files ran before in this process, or what day it is.

- What can be counted is counted. What is timed has a budget of this machine (`yardstick`), or the best of three.
- Whoever waits for something to happen waits longer than a busy machine takes; that it cannot happen any more is looked at meanwhile.
- Who is told to come again does (`servers.patiently`). Ports are `loopback.free_port`'s, which no other process of the run is given.
- Days are `agenda.a_day`'s, or next year's (`clocks`). The database of a process is shared: a test looks at the workspaces it made.
- Rows are asked for in an order before a seed chooses among them. A seeded fault that shows itself by luck has several tries.
"""

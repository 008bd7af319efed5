"""Reading extracts of national systems: from the octets of a file to lines that are validated and keyed.

What comes out names no document any more. Nothing here knows of stores, as-of rules or brakes; see node.importing.
"""

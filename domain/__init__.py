"""What the hub knows: records, states, measures, time, rights and errors. Pure, no I/O."""

"""What is wrong with this node, and what to do about it: one finding a check, each with a code and a remedy."""

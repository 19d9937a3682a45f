"""One adapter per simulator. Each imports its package when it is made, never before."""

"""The reconciler: records are the truth; what disagrees with them is made to agree, beside a living system."""

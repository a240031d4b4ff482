"""What `npm run evaluate-small` measures, a file a part: figures with intervals, and the gates they must
pass.
"""

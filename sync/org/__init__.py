"""Questions that the browser asks the directory: the tree, people, and one person.

Every question costs a constant number of queries, pages by key and never by OFFSET,
and reads stored counts; nothing is computed per node.
"""

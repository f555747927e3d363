"""Law 3 on the running installation: the fast lane's rows of some people, beside the published."""

# What the tests share: a jail tree, SMTP by hand, servers on loopback, network namespaces.

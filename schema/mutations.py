"""All mutations: each aggregate brings its class, and stands here in one line."""

MUTATIONS: tuple[type, ...] = ()

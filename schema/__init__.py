"""The GraphQL face: types, inputs, connections, problems, and the committed SDL."""

// graphql-sse in distinct-connections mode: the same without a WebSocket.
import { createClient } from "graphql-sse";
import { settings, talk } from "./operations.mjs";

const told = settings();
const headers = { authorization: `Bearer ${told.token}` };
await talk(createClient({ url: told.url, headers }), told);

// The item API on Fastify and node-postgres, for the benchmarks: the same table, the same answers.
//
// What makes this stack fast is used: prepared statements, serializers compiled from schemas, no
// logging, one process per core. Ids come as JSON numbers, as from the other servers. With PIPELINE
// in the environment, statements share the connections of a worker, several in flight on each.

import cluster from "node:cluster";
import { Readable } from "node:stream";
import Fastify from "fastify";
import pg from "pg";
import Cursor from "pg-cursor";

const WORKERS = 2;
const CONNECTIONS_PER_WORKER = 4;
const PIPELINES_PER_WORKER = 4;
const ROWS_PER_CHUNK = 500;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const item = {
  type: "object",
  properties: {
    id: { type: "integer" },
    name: { type: "string" },
    created_at: { type: "string", format: "date-time" },
  },
};
const one = { type: "object", properties: { data: item } };
const many = { type: "object", properties: { data: { type: "array", items: item } } };

const INSERT = `INSERT INTO item (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
                RETURNING id, name, created_at`;
const READ = "SELECT id, name, created_at FROM item WHERE id = $1";
const PAGE = "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id LIMIT $2";
const ALL = "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id";

if (cluster.isPrimary) {
  for (let worker = 0; worker < WORKERS; worker += 1) cluster.fork();
} else {
  await serve();
}

async function serve() {
  const server = {
    host: process.env.PGHOST,
    port: Number(process.env.PGPORT),
    user: process.env.PGUSER,
    database: process.env.PGDATABASE,
  };
  const pool = new pg.Pool({ ...server, max: CONNECTIONS_PER_WORKER });
  const database = process.env.PIPELINE ? await pipelines(server) : pool;
  const app = Fastify({ logger: false });

  app.get("/", async () => "fastify\n");

  app.post("/item", { schema: { response: { 201: one } } }, async (request, reply) => {
    const values = [request.body.name];
    const { rows } = await database.query({ name: "insert", text: INSERT, values });
    if (rows.length === 0) return reply.code(409).send();
    return reply.code(201).send({ data: rows[0] });
  });

  app.get("/item/:id", { schema: { response: { 200: one } } }, async (request, reply) => {
    const values = [request.params.id];
    const { rows } = await database.query({ name: "read", text: READ, values });
    if (rows.length === 0) return reply.code(404).send();
    return { data: rows[0] };
  });

  app.get("/item", { schema: { response: { 200: many } } }, async (request, reply) => {
    const { limit, after = 0 } = request.query;
    if (limit === undefined) {
      return reply.type("application/json").serializer((it) => it).send(all(pool, after));
    }
    const { rows } = await database.query({ name: "page", text: PAGE, values: [after, limit] });
    return { data: rows };
  });

  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
}

// A pool lends a connection to one statement at a time, and a cursor cannot be pipelined: these
// connections have turns instead, and streams keep the pool.
async function pipelines(server) {
  const clients = [];
  for (let client = 0; client < PIPELINES_PER_WORKER; client += 1) {
    clients.push(new pg.Client({ ...server, pipeline: true }));
  }
  await Promise.all(clients.map((client) => client.connect()));
  let turn = 0;
  return {
    query(statement) {
      turn = (turn + 1) % clients.length;
      return clients[turn].query(statement);
    },
  };
}

function all(pool, after) {
  return Readable.from(chunks(pool, after));
}

async function* chunks(pool, after) {
  const client = await pool.connect();
  const cursor = client.query(new Cursor(ALL, [after]));
  try {
    let opening = '{"data":[';
    for (;;) {
      const rows = await cursor.read(ROWS_PER_CHUNK);
      if (rows.length === 0) break;
      yield opening + rows.map((row) => JSON.stringify(row)).join(",");
      opening = ",";
    }
    yield opening === "," ? "]}" : '{"data":[]}';
  } finally {
    await cursor.close();
    client.release();
  }
}

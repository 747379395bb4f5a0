// What the items of the tests run inside their sandbox: a client of the Model Context Protocol, and programs that mean harm.
import { connect } from 'node:net'
import { once } from 'node:events'

const { Client } = await import(`${process.env.SDK}/client/index.js`)
const { StdioClientTransport } = await import(`${process.env.SDK}/client/stdio.js`)
const path = process.env.SEAMARK_CHILDREN
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

async function mcp() {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StdioClientTransport({ command: 'seamark-children', args: [path] }))
  const call = async (name, args = {}) => {
    const { isError = false, structuredContent } = await client.callTool({ name, arguments: args })
    return isError ? { refused: structuredContent } : structuredContent
  }
  return { client, call }
}

/** Writes to the socket itself; gives what it answers until it closes, or until there are so many lines. */
async function raw(bytes, lines) {
  const socket = connect(path)
  let text = ''
  socket.on('error', () => undefined).on('data', (piece) => (text += piece))
  await once(socket, 'connect')
  for (const piece of bytes) {
    if (socket.destroyed) break
    if (!socket.write(piece))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')].map((one) => one.catch(() => undefined)))
  }
  while (!socket.closed && text.split('\n').length <= lines) await new Promise((done) => setTimeout(done, 20))
  socket.destroy()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

const request = (id, items) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'submit_items', arguments: { items } },
})

const deeds = {
  async two() {
    const { client, call } = await mcp()
    const { tools } = await client.listTools()
    const outputs = [{ path: 'out.txt' }]
    const items = [
      { id: 'one', run: 'echo first > out.txt', outputs },
      { id: 'two', needs: { got: { from: 'one', select: { output: 'out.txt' } } }, run: 'sed s/first/second/ "$SEAMARK_INPUTS/got/out.txt" > out.txt; echo done', outputs }, // prettier-ignore
    ]
    const submitted = await call('submit_items', { items })
    const again = await call('submit_items', { items })
    const waited = await call('wait_for_items', { timeoutSeconds: 50 })
    const read = await call('read_item', { id: 'two', what: 'output', path: 'out.txt' })
    const stdout = await call('read_item', { id: 'two', what: 'stdout' })
    const none = await call('read_item', { id: 'three', what: 'patch' })
    say({ tools: tools.map(({ name }) => name), submitted, again, waited, read, stdout, none })
    await client.close()
  },

  async otherVersion() {
    const { client, call } = await mcp()
    const submitted = await call('submit_items', {
      items: [{ id: 'one', run: 'git status', agent: 'hand@2', limits: { wallClock: '1m' } }],
    })
    say({ submitted, waited: await call('wait_for_items', { timeoutSeconds: 50 }) })
    await client.close()
  },

  async wider() {
    const { client, call } = await mcp()
    const wide = { id: 'w', run: 'true', queue: 'default', locks: ['name:x'], executor: 'process', priority: 5, parent: { item: 0, attempt: 1 } } // prettier-ignore
    const tries = {
      fields: [wide],
      network: [{ id: 'n', run: 'true', network: { allow: [{ host: 'elsewhere.example', mode: 'tunnel' }] } }],
      file: [{ id: 'p', prompt: { file: 'secret.txt' } }],
      deeper: [{ id: 'd', run: 'true', children: { max: 1 } }],
      longer: [{ id: 'l', run: 'true', timeout: '30d' }],
      unknown: [
        { id: 'u', run: 'true', runtime: 'none', needs: ['nobody'] },
        { id: 'u', run: '' },
      ],
      many: Array.from({ length: 11 }, (_, at) => ({ id: `m${at}`, run: 'true' })),
      id: [{ id: '../x', run: 'true' }],
    }
    const refused = {}
    for (const [name, items] of Object.entries(tries)) refused[name] = (await call('submit_items', { items })).refused
    say({ refused, left: await call('list_items') })
    await client.close()
  },

  async flood() {
    const line = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"`
    const huge = await raw([line, ...Array.from({ length: 20 }, () => 'x'.repeat(1_000_000)), '"}}\n'], Infinity)
    const deep = await raw([`${'['.repeat(100_000)}\n`], Infinity)
    const none = await raw(['nonsense\n'], Infinity)
    const one = (id) => `${JSON.stringify(request(id, [{ id: `f${id}`, run: 'true' }]))}\n`
    const all = await raw(
      Array.from({ length: 1_000 }, (_, id) => one(id)),
      1_000,
    )
    const created = all.filter(({ result }) => result?.isError !== true).length
    // More connections than there may be, which say nothing: the last ones are closed.
    const many = Array.from({ length: 50 }, () => connect(path).on('error', () => undefined))
    await new Promise((done) => setTimeout(done, 1_000))
    const kept = many.filter(({ closed }) => !closed).length
    for (const socket of many) socket.destroy()
    say({ huge, deep, none, answers: all.length, created, kept })
  },

  async steps() {
    const { client, call } = await mcp()
    for (let at = 0; at < 8; at++) {
      await call('submit_items', { items: [{ id: `s${at}`, run: 'true' }] })
      say({ step: at })
      await new Promise((done) => setTimeout(done, 300))
    }
    const { done, items } = await call('wait_for_items', { timeoutSeconds: 50 })
    say({ done, statuses: items.map(({ status }) => status) })
    await client.close()
  },
}

await deeds[process.argv[2]]()

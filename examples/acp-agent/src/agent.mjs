/**
 * A small agent that speaks the Agent Client Protocol on its standard input and output, and the Messages API of Anthropic to
 * its model. It reads files, writes those of its folder, and runs commands, each of which it asks for first.
 */
import { exec } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'

const { ANTHROPIC_BASE_URL: base = 'https://api.anthropic.com', ANTHROPIC_API_KEY: key = 'placeholder' } = process.env
const { ANTHROPIC_MODEL: model = 'claude-sonnet-4-5-20250929' } = process.env
const [MOST_TURNS, MOST_CHARS, sessionId] = [50, 20_000, 'session-1']
const session = { messages: [], canceled: false }

/** What the model may use. Files are read where the sandbox has them: skills are outside of the workspace. */
const TOOLS = {
  read_file: { kind: 'read', does: 'Reads a text file.', takes: ['path'], use: ({ path }) => readFile(path, 'utf8') },
  write_file: { kind: 'edit', does: 'Writes a text file of the workspace.', takes: ['path', 'content'], use: write },
  run: { kind: 'execute', does: 'Runs a command line in the workspace.', takes: ['command'], use: run },
}
const tools = Object.entries(TOOLS).map(([name, { does, takes }]) => {
  const properties = Object.fromEntries(takes.map((field) => [field, { type: 'string' }]))
  return { name, description: does, input_schema: { type: 'object', properties, required: takes } }
})

async function write({ path, content }) {
  if (!resolve(path).startsWith(process.cwd() + sep)) throw new Error(`${path} is outside the workspace.`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return 'written'
}

async function run({ command }, toolCall) {
  const options = ['allow_once', 'reject_once'].map((kind) => ({ optionId: kind, name: kind, kind }))
  const { outcome } = await ask('session/request_permission', { sessionId, toolCall, options })
  if (outcome?.optionId !== 'allow_once') throw new Error('This command is not allowed. Do without it.')
  const said = (error, stdout, stderr) => `exit code ${error?.code ?? 0}\n${stdout}${stderr}`
  return new Promise((done) => exec(command, { maxBuffer: 2 ** 24 }, (...ended) => done(said(...ended))))
}

/** Does one tool call of the model, and says what came of it. */
async function use({ id, name, input }) {
  const title = name === 'run' ? input.command : `${name} ${input.path}`
  const call = { toolCallId: id, title, kind: TOOLS[name]?.kind ?? 'other', rawInput: input }
  update({ sessionUpdate: 'tool_call', status: 'pending', ...call })
  let [status, text] = ['completed', '']
  try {
    text = (await TOOLS[name].use(input, call)).slice(0, MOST_CHARS)
  } catch (error) {
    ;[status, text] = ['failed', error.message]
  }
  const content = [{ type: 'content', content: { type: 'text', text } }]
  update({ sessionUpdate: 'tool_call_update', toolCallId: id, status, content })
  return { type: 'tool_result', tool_use_id: id, content: text, is_error: status === 'failed' }
}

async function callModel() {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key }
  const body = JSON.stringify({ model, max_tokens: 4_096, tools, messages: session.messages })
  const answer = await fetch(`${base}/v1/messages`, { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(`The model answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`)
  return answer.json()
}

async function turn({ prompt }) {
  session.canceled = false
  session.messages.push({ role: 'user', content: prompt.map((part) => part.text ?? '').join('\n') })
  for (let count = 0; count < MOST_TURNS; count++) {
    const { content, stop_reason: reason } = await callModel()
    session.messages.push({ role: 'assistant', content })
    const results = []
    for (const { type, text, ...part } of content) {
      if (type === 'text') update({ sessionUpdate: 'agent_message_chunk', content: { type, text } })
      if (type === 'tool_use') results.push(await use(part))
    }
    if (results.length > 0) session.messages.push({ role: 'user', content: results })
    if (session.canceled) return { stopReason: 'cancelled' }
    if (reason === 'refusal' || reason === 'max_tokens') return { stopReason: reason }
    if (results.length === 0) return { stopReason: 'end_turn' }
  }
  return { stopReason: 'max_turn_requests' }
}

const METHODS = {
  initialize: () => ({ protocolVersion: 1, agentInfo: { name: 'seamark-example-agent', version: '1.0.0' } }),
  'session/new'({ cwd }) {
    process.chdir(cwd)
    return { sessionId }
  },
  'session/prompt': turn,
  'session/cancel': () => void (session.canceled = true),
}

const asked = []
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const update = (fields) => send({ method: 'session/update', params: { sessionId, update: fields } })

/** Asks the client, and resolves with its result; an error is none. */
function ask(method, params) {
  send({ id: asked.length, method, params })
  return new Promise((answered) => asked.push(answered))
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params, result } = JSON.parse(line)
  if (method === undefined) return asked[id](result ?? {})
  const code = method in METHODS ? -32_603 : -32_601
  const reply = await Promise.resolve(params)
    .then((given) => METHODS[method](given))
    .then((done) => ({ result: done }))
    .catch(({ message }) => ({ error: { code, message } }))
  if (id !== undefined) send({ id, ...reply })
})

/**
 * A small agent that speaks the Agent Client Protocol on its standard input and output, and the Messages API of Anthropic to
 * its model. It reads files, writes those of its folder, and runs commands, each of which it asks for first.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:4800 ANTHROPIC_API_KEY=placeholder node agent.mjs
 */
import { exec } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'

const { ANTHROPIC_BASE_URL = 'https://api.anthropic.com', ANTHROPIC_API_KEY = 'placeholder' } = process.env
const MODEL = process.env['ANTHROPIC_MODEL'] ?? 'claude-sonnet-4-5-20250929'
const MOST_TURNS = 50
const MOST_CHARS = 20_000

const text = { type: 'string' }
const tool = (name, description, fields) => ({
  name,
  description,
  input_schema: {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field, text])),
    required: fields,
  },
})
const TOOLS = [
  tool('read_file', 'Reads a text file, by its path in the workspace or a whole one.', ['path']),
  tool('write_file', 'Writes a text file of the workspace.', ['path', 'content']),
  tool('run', 'Runs a command line in the workspace.', ['command']),
]
const KINDS = { read_file: 'read', write_file: 'edit', run: 'execute' }

const session = { id: 'session-1', cwd: process.cwd(), messages: [], canceled: false }
const waiting = new Map()
let asked = 0

const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')
const update = (fields) => send({ method: 'session/update', params: { sessionId: session.id, update: fields } })

/** Asks the client, and resolves with its result. */
function ask(method, params) {
  const id = `ask-${asked++}`
  send({ id, method, params })
  return new Promise((answer) => waiting.set(id, answer))
}

async function mayRun(toolCall) {
  const { outcome } = await ask('session/request_permission', {
    sessionId: session.id,
    toolCall,
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  })
  return outcome.outcome === 'selected' && outcome.optionId === 'yes'
}

function below(path) {
  const full = resolve(session.cwd, path)
  if (full !== session.cwd && !full.startsWith(session.cwd + sep)) throw new Error(`${path} is outside the workspace.`)
  return full
}

const TOOL = {
  // What it may see is up to its sandbox; skills are outside of the workspace.
  read_file: async ({ path }) => (await readFile(resolve(session.cwd, path), 'utf8')).slice(0, MOST_CHARS),
  async write_file({ path, content }) {
    await mkdir(dirname(below(path)), { recursive: true })
    await writeFile(below(path), content)
    return 'written'
  },
  run: ({ command }) =>
    new Promise((done) =>
      exec(command, { cwd: session.cwd, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
        done(`exit code ${error?.code ?? 0}\n${stdout}${stderr}`.slice(0, MOST_CHARS)),
      ),
    ),
}

/** Does one tool call of the model, and says what came of it. */
async function use({ id, name, input }) {
  const call = {
    toolCallId: id,
    title: name === 'run' ? String(input.command) : `${name} ${input.path}`,
    kind: KINDS[name] ?? 'other',
    rawInput: input,
  }
  update({ sessionUpdate: 'tool_call', status: 'pending', ...call })
  let [status, content] = ['completed', '']
  try {
    if (name === 'run' && !(await mayRun(call))) throw new Error('This command is not allowed. Do without it.')
    content = await TOOL[name](input)
  } catch (error) {
    ;[status, content] = ['failed', error.message]
  }
  const shown = [{ type: 'content', content: { type: 'text', text: content } }]
  update({ sessionUpdate: 'tool_call_update', toolCallId: id, status, content: shown })
  return { type: 'tool_result', tool_use_id: id, content, is_error: status === 'failed' }
}

async function callModel() {
  const answer = await fetch(`${ANTHROPIC_BASE_URL}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': ANTHROPIC_API_KEY },
    body: JSON.stringify({ model: MODEL, max_tokens: 4_096, tools: TOOLS, messages: session.messages }),
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`The model answered ${answer.status}: ${body.slice(0, 500)}`)
  return JSON.parse(body)
}

async function turn(prompt) {
  session.messages.push({ role: 'user', content: prompt })
  const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }
  for (let count = 0; count < MOST_TURNS; count++) {
    const { content, stop_reason: reason, usage: used } = await callModel()
    usage.inputTokens += used.input_tokens
    usage.outputTokens += used.output_tokens
    usage.totalTokens = usage.inputTokens + usage.outputTokens
    session.messages.push({ role: 'assistant', content })
    for (const part of content)
      if (part.type === 'text')
        update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: part.text } })
    const calls = content.filter((part) => part.type === 'tool_use')
    const results = []
    for (const call of calls) results.push(await use(call))
    if (results.length > 0) session.messages.push({ role: 'user', content: results })
    if (session.canceled) return { stopReason: 'cancelled', usage }
    if (reason === 'refusal' || reason === 'max_tokens') return { stopReason: reason, usage }
    if (calls.length === 0) return { stopReason: 'end_turn', usage }
  }
  return { stopReason: 'max_turn_requests', usage }
}

const METHODS = {
  initialize: () => ({
    protocolVersion: 1,
    agentInfo: { name: 'seamark-example-agent', version: '1.0.0' },
    agentCapabilities: { loadSession: false },
    authMethods: [],
  }),
  'session/new'({ cwd }) {
    session.cwd = resolve(cwd)
    return { sessionId: session.id }
  },
  'session/prompt'({ prompt }) {
    session.canceled = false
    return turn(prompt.map((part) => part.text ?? '').join('\n'))
  },
  'session/cancel'() {
    session.canceled = true
  },
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params, result } = JSON.parse(line)
  if (method === undefined) {
    waiting.get(id)?.(result ?? { outcome: { outcome: 'cancelled' } })
    waiting.delete(id)
    return
  }
  try {
    const done = METHODS[method]
    if (done === undefined) throw Object.assign(new Error(`There is no ${method}.`), { code: -32_601 })
    const answer = await done(params)
    if (id !== undefined) send({ id, result: answer })
  } catch (error) {
    if (id !== undefined) send({ id, error: { code: error.code ?? -32_603, message: error.message } })
  }
})

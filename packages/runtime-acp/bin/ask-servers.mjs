// Asks each MCP server that is a URL whether it is there, as an agent would, and says which is not: the agents do not. Runs in the
// sandbox before the agent does, with its way out. Ends with 75 where one is not there; Node itself never does.
import { readFileSync, writeSync } from 'node:fs'
import { request as http } from 'node:http'
import { request as https } from 'node:https'

const MOST_CHARACTERS = 1_048_576
const MOST_REDIRECTS = 5
const NOT_THERE = 75

const ID = 1
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: ID,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'seamark', version: '1' } },
})
/** How a server of each type is met. */
const MEETINGS = {
  http: {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: INITIALIZE,
  },
  sse: { method: 'GET', headers: { accept: 'text/event-stream' } },
}

/** The answer at the end of all redirects. */
async function asked(url, meeting, headers, signal, redirects = 0) {
  const answer = await new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? https : http
    request(url, { method: meeting.method, headers: { ...meeting.headers, ...headers }, signal })
      .on('response', resolve)
      .on('error', reject)
      .end(meeting.body)
  })
  const { statusCode, headers: said } = answer
  if (![301, 302, 303, 307, 308].includes(statusCode) || !said.location || redirects === MOST_REDIRECTS) return answer
  answer.destroy()
  const next = new URL(said.location, url)
  // What is meant for one server is not for another.
  return asked(next, meeting, next.origin === url.origin ? headers : {}, signal, redirects + 1)
}

function isInitialized(text) {
  try {
    const { id, result } = JSON.parse(text)
    return id === ID && typeof result.protocolVersion === 'string'
  } catch {
    return false
  }
}

const dataOf = (event) =>
  event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length))
    .join('\n')

/** Whether an answer is what a server of this type says first. One that streams may go on for ever after it. */
async function speaks(answer, type) {
  const streams = /^text\/event-stream\b/i.test(answer.headers['content-type'] ?? '')
  let text = ''
  answer.setEncoding('utf8')
  for await (const piece of answer) {
    text += piece
    if (text.length > MOST_CHARACTERS) return false
    if (!streams) continue
    const events = text.replaceAll(/\r\n?/g, '\n').split('\n\n').slice(0, -1)
    if (type === 'sse') {
      if (events.length > 0) return events.some((event) => /^event: ?endpoint$/m.test(event))
    } else if (events.some((event) => isInitialized(dataOf(event)))) return true
  }
  return !streams && type === 'http' && isInitialized(text)
}

/** A word for why a server is not there. */
async function whyNot({ type, url, headers }, timeoutMs) {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const given = Object.fromEntries(headers.map(({ name, value }) => [name, value]))
    const answer = await asked(new URL(url), MEETINGS[type], given, signal)
    if (answer.statusCode !== 200) return `HTTP-${answer.statusCode}`
    return (await speaks(answer, type)) ? undefined : 'NOT-MCP'
  } catch (error) {
    return signal.aborted ? 'TIMEOUT' : String(error.code ?? error.name)
  }
}

const { timeoutMs, servers } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const found = await Promise.all(
  servers.map(async (server) => ({ index: server.index, why: await whyNot(server, timeoutMs) })),
)
const missing = found.filter(({ why }) => why !== undefined)
if (missing.length > 0) writeSync(1, `${JSON.stringify({ seamark: 'missing-servers', servers: missing })}\n`)
// Streams that go on would keep it.
process.exit(missing.length > 0 ? NOT_THERE : 0)

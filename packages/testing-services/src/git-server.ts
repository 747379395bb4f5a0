import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a request with git's own server, for the repositories below a folder, whoever owns them. It needs Debian's git. */
export function serveGit(root: string, req: IncomingMessage, res: ServerResponse): void {
  const [path = '', query = ''] = (req.url ?? '').split('?')
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: req.method ?? '',
      CONTENT_TYPE: req.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(req.headers['content-encoding'] ?? ''),
      HTTP_GIT_PROTOCOL: String(req.headers['git-protocol'] ?? ''),
      // The repository of a test may be another user's.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
  })
  child.on('error', () => res.destroy())
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined)
  req.pipe(child.stdin)
  let head = ''
  const ended = (): void => void res.destroy()
  child.stdout.on('end', ended)
  child.stdout.on('data', function begin(piece: Buffer) {
    head += piece.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    child.stdout.off('data', begin).off('end', ended)
    const fields = head.slice(0, end).split('\r\n').map((line) => line.split(': ')) // prettier-ignore
    const status = Number(fields.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
    res.writeHead(status, fields.filter(([name]) => name !== 'Status').flat())
    res.write(Buffer.from(head.slice(end + 4), 'latin1'))
    child.stdout.pipe(res)
  })
}

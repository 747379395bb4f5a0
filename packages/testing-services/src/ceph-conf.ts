/** Configuration of a cluster of one monitor, one disk and one gateway without authentication among themselves. */
export function cephConf(options: {
  readonly dir: string
  readonly fsid: string
  readonly port: number
  readonly monPort: number
}): string {
  const { dir, fsid, port, monPort } = options
  const kmsKeys = ['YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=', 'aWIKTWFrZWZpbGUKbWFuCm91dApzcmMKVGVzdGluZwo=']
  return `[global]
fsid = ${fsid}
mon initial members = a
mon host = [v1:127.0.0.1:${monPort}]
public addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = 41000
ms bind port max = 41999
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
paxos propose interval = 0.05
paxos min wait = 0.01
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
mon max pg per osd = 1000
log file = ${dir}/$name.log
admin socket = ${dir}/$name.asok
pid file = ${dir}/$name.pid
run dir = ${dir}
crash dir = ${dir}
keyring = ${dir}/keyring
[mon.a]
mon data = ${dir}/mon
[osd.0]
osd data = ${dir}/osd
osd objectstore = bluestore
osd memory target = 1073741824
bluestore block size = 21474836480
bluestore block db size = 0
bluestore block wal size = 0
[client.rgw]
rgw data = ${dir}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw enable ops log = false
rgw enable usage log = false
rgw dynamic resharding = false
rgw gc obj min wait = 5
rgw gc processor period = 10
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = ${kmsKeys.map((key, index) => `testkey-${index + 1}=${key}`).join(' ')}
`
}

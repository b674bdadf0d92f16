/** What check finds in snmpd.cnf beyond types and ranges. */
import { rm } from 'node:fs/promises'
import { after, before, describe } from 'node:test'
import type { Home } from '../../lib/home/home.ts'
import { cases } from '../support/check-cases.ts'
import { newHome } from '../support/check-home.ts'

let home: Home
const bothCommunities = (listen: string): [string, string][] =>
  ['public', 'cspsAdmin'].map((word) => [
    word,
    `this community is one that everybody tries, and ${listen} takes it from any address; use SNMPv3 users instead (castellan user add NAME), listen on 127.0.0.1 alone, or bind it to hosts`,
  ])
before(async () => {
  home = await newHome()
})
after(() => rm(home.root, { recursive: true, force: true }))

describe('snmpd.cnf: where it listens', () => {
  cases(() => home, 'agent/snmpd.cnf', {
    'no listen entry at all': {
      replace: [['snmpListenEntry 127.0.0.1:1161', '']],
      expect: [
        [
          '#',
          'there is no snmpListenEntry, so the agent would answer nobody; add one such as: snmpListenEntry 127.0.0.1:161',
        ],
      ],
    },
    'a transport that is not known': {
      add: 'snmpListenEntry tcp:127.0.0.1:1',
      expect: [
        [
          'tcp:127.0.0.1:1',
          'snmpListenEntry must be a numeric address and a port such as 127.0.0.1:161 or [::1]:161, got tcp:127.0.0.1:1',
        ],
      ],
    },
    'a host name': {
      add: 'snmpListenEntry localhost:1',
      expect: [
        [
          'localhost:1',
          'snmpListenEntry must be a numeric address and a port such as 127.0.0.1:161 or [::1]:161, got localhost:1',
        ],
      ],
    },
    'a port beyond 65535': {
      add: 'snmpListenEntry 127.0.0.1:99999',
      expect: [
        [
          '127.0.0.1:99999',
          'snmpListenEntry must be a numeric address and a port such as 127.0.0.1:161 or [::1]:161, got 127.0.0.1:99999',
        ],
      ],
    },
    'the same socket spelt another way': {
      add: 'snmpListenEntry [::1]:1\nsnmpListenEntry [0:0::1]:1',
      expect: [['[0:0::1]:1', 'snmpListenEntry [0:0::1]:1 takes the same port as [::1]:1 in line +0']],
    },
    'an address within another one: each has a socket of its own': {
      add: 'snmpListenEntry 127.0.0.2:1\nsnmpListenEntry 0.0.0.0:1\nsnmpListenEntry [::]:1',
      expect: bothCommunities('0.0.0.0:1'),
    },
    'an address that no interface has': {
      add: 'snmpListenEntry 203.0.113.9:1',
      expect: [
        ...bothCommunities('203.0.113.9:1'),
        ['203.0.113.9:1', 'warning: 203.0.113.9 is an address of no interface now; the agent cannot start until it is'],
      ],
    },
    'a community of its own that may write, from any address': {
      replace: [
        ['t0000001 cspsAdmin', 't0000001 k7-Rhine-barge'],
        ['public public publicSec', 'public q4-Elbe-ferry publicSec'],
      ],
      add: 'snmpListenEntry [::]:1',
      expect: [
        [
          'k7-Rhine-barge',
          'this community may write in clear text, and [::]:1 takes it from any address; use SNMPv3 users instead',
        ],
      ],
    },
    'defaults of manufacturers, in whatever case': {
      replace: [
        ['t0000001 cspsAdmin', 't0000001 "ALL Private"'],
        ['public public publicSec', 'public Private publicSec'],
      ],
      add: 'snmpListenEntry 192.0.2.1:1',
      expect: [
        ['Private', 'this community is one that everybody tries, and 192.0.2.1:1 takes it'],
        ['"ALL Private"', 'this community is one that everybody tries, and 192.0.2.1:1 takes it'],
        ['192.0.2.1:1', 'warning: 192.0.2.1 is an address of no interface now'],
      ],
    },
    'well-known communities that a transport tag binds to hosts': {
      replace: [
        ['publicSec localSnmpID - - nonVolatile', 'publicSec localSnmpID - hosts nonVolatile'],
        ['proxySec localSnmpID - - nonVolatile', 'proxySec localSnmpID - hosts nonVolatile'],
      ],
      add: [
        'snmpListenEntry 0.0.0.0:1',
        'snmpTargetAddrEntry nms snmpUDPDomain 192.0.2.7:0 100 3 hosts v2cParams nonVolatile 255.255.255.0:0',
      ].join('\n'),
      expect: [],
    },
    'a transport tag whose mask lets everybody in': {
      replace: [
        ['publicSec localSnmpID - - nonVolatile', 'publicSec localSnmpID - hosts nonVolatile'],
        ['proxySec localSnmpID - - nonVolatile', 'proxySec localSnmpID - hosts nonVolatile'],
      ],
      add: [
        'snmpListenEntry 0.0.0.0:1',
        'snmpTargetAddrEntry nms snmpUDPDomain 192.0.2.7:0 100 3 hosts v2cParams nonVolatile -',
        'snmpTargetAddrEntry all snmpUDPDomain 192.0.2.7:0 100 3 hosts v2cParams nonVolatile 0.0.0.0:0',
      ].join('\n'),
      expect: [
        [
          'public',
          'this community is one that everybody tries, and 0.0.0.0:1 takes it from any address (a mask of its tag hosts lets any address in)',
        ],
        ['cspsAdmin', 'this community is one that everybody tries'],
      ],
    },
    'a well-known community that may do nothing': {
      replace: [
        ['vacmSecurityToGroupEntry snmpv1 publicSec publicGroup nonVolatile', ''],
        ['vacmSecurityToGroupEntry snmpv2c publicSec publicGroup nonVolatile', ''],
        ['proxySec localSnmpID - - nonVolatile', 'proxySec localSnmpID - none nonVolatile'],
      ],
      add: 'snmpListenEntry 0.0.0.0:1',
      expect: [
        ['publicSec', 'warning: security name publicSec is in no vacmSecurityToGroupEntry'],
        ['none', 'warning: no snmpTargetAddrEntry has the tag none; the community is accepted from nowhere'],
      ],
    },
    'AgentX entries that would open the sockets of our own processes to others': {
      add: 'agentxListenEntry run/agent/subagents.sock 666\nagentxListenEntry run/agent/../agent/sipd.sock 666',
      expect: [
        ['run/agent/subagents.sock', 'the agent keeps this socket for our own subagents; '],
        ['run/agent/../agent/sipd.sock', 'the agent keeps this socket for our own sipd; '],
      ],
    },
    'one AgentX socket twice, a TCP one without a port, and a path that is too long': {
      add: `agentxListenEntry run/agent/agentx.sock 600\nagentxListenEntry ./run/agent/agentx.sock 600\nagentxListenEntry tcp:127.0.0.1\nagentxListenEntry run/${'x'.repeat(100)} 600`,
      expect: [
        ['./run/agent/agentx.sock', 'agentxListenEntry ./run/agent/agentx.sock is the same as the one in line +0'],
        ['tcp:127.0.0.1', 'agentxListenEntry must be a path or tcp:HOST:PORT, got tcp:127.0.0.1'],
        [`run/${'x'.repeat(100)}`, 'the path of a socket has at most 107 octets; '],
      ],
    },
    'AgentX sockets in place of files, by names, and of addresses that are taken or not there': {
      add: 'agentxListenEntry run/agent/agentx.sock\nagentxListenEntry conf/agent/snmpd.cnf\nagentxListenEntry conf/agent/snmpd.cnf/x\nagentxListenEntry tcp:0.0.0.0:705\nagentxListenEntry tcp:127.0.0.1:705\nagentxListenEntry tcp:203.0.113.9:705\nagentxListenEntry tcp:master.example:705\nagentxListenEntry none',
      expect: [
        ['conf/agent/snmpd.cnf', ''],
        ['conf/agent/snmpd.cnf/x', 'a part of '],
        ['tcp:127.0.0.1:705', 'agentxListenEntry tcp:127.0.0.1:705 is the same as the one in line +3'],
        ['tcp:203.0.113.9:705', 'warning: 203.0.113.9 is an address of no interface now'],
        ['tcp:203.0.113.9:705', 'agentxListenEntry tcp:203.0.113.9:705 is the same as the one in line +3'],
        ['tcp:master.example:705', 'warning: master.example is looked up at each start'],
        ['none', 'warning: agentxListenEntry none means nothing beside other entries'],
      ],
    },
  })
})

describe('snmpd.cnf: who may do what', () => {
  cases(() => home, 'agent/snmpd.cnf', {
    'a community whose security name is in no group': {
      add: 'snmpCommunityEntry c c stranger localSnmpID - - nonVolatile',
      expect: [
        [
          'stranger',
          'warning: security name stranger is in no vacmSecurityToGroupEntry of snmpv1 or snmpv2c; the community may do nothing',
        ],
      ],
    },
    'a community with a tag of no address': {
      add: 'snmpCommunityEntry c c publicSec localSnmpID - nowhere nonVolatile',
      expect: [
        ['nowhere', 'warning: no snmpTargetAddrEntry has the tag nowhere; the community is accepted from nowhere'],
      ],
    },
    'a community of a context and of another engine, that is there already': {
      add: 'snmpCommunityEntry c public publicSec 80:00:00:00:01 other - nonVolatile',
      expect: [
        ['public', 'warning: line '],
        ['80:00:00:00:01', 'warning: this agent is no proxy for other engines; use localSnmpID for its own'],
        ['other', 'warning: there is no context other; the only one has the empty name, which is written -'],
      ],
    },
    'a group without access, and a member that is not there': {
      add: 'vacmSecurityToGroupEntry usm nobody noGroup nonVolatile\nvacmSecurityToGroupEntry snmpv2c nobody publicGroup nonVolatile',
      expect: [
        ['nobody', 'warning: there is no user nobody; add one: castellan user add nobody'],
        ['noGroup', 'warning: group noGroup has no vacmAccessEntry, so its members may do nothing'],
        ['nobody', 'warning: no snmpCommunityEntry has the security name nobody'],
      ],
    },
    'views that are not there': {
      add: 'vacmAccessEntry x - any authPriv exact rread wwrite nnotify nonVolatile',
      expect: [
        ['rread', 'warning: there is no vacmViewTreeFamilyEntry of a view rread'],
        ['wwrite', 'warning: there is no vacmViewTreeFamilyEntry of a view wwrite'],
        ['nnotify', 'warning: there is no vacmViewTreeFamilyEntry of a view nnotify'],
      ],
    },
    'a level that its messages never have, and a context': {
      add: 'vacmAccessEntry x ctx snmpv2c authPriv exact - - - nonVolatile',
      expect: [
        ['ctx', 'warning: there is no context ctx; the only one has the empty name, which is written -'],
        ['authPriv', 'warning: messages of snmpv2c are noAuthNoPriv, so this entry never counts'],
      ],
    },
    'a user without a group': {
      add: `usmUserEntry localSnmpID ann SHA none nonVolatile ${Array(20).fill('0a').join(':')} -`,
      expect: [['ann', 'warning: user ann is in no vacmSecurityToGroupEntry of usm, and may do nothing']],
    },
    'a key that was cut': {
      add: `vacmSecurityToGroupEntry usm ann readAuth nonVolatile\nusmUserEntry localSnmpID ann SHA none nonVolatile ${Array(19).fill('0a').join(':')} -`,
      expect: [
        [
          Array(19).fill('0a').join(':'),
          'the keys of user ann do not fit its protocols; give it new ones: castellan user add ann',
        ],
      ],
    },
    'privacy without authentication': {
      add: `vacmSecurityToGroupEntry usm ann readAuth nonVolatile\nusmUserEntry localSnmpID ann none AES nonVolatile - ${Array(16).fill('0a').join(':')}`,
      expect: [['AES', 'the keys of user ann do not fit its protocols; give it new ones: castellan user add ann']],
    },
    'commands that others than admin at authPriv may write': {
      replace: [['any noAuthNoPriv exact read operate', 'any noAuthNoPriv exact read admin']],
      expect: [
        [
          'admin',
          'vacmAccessEntry proxyGroup lets noAuthNoPriv write view admin, which has columns that hold commands (critAppStartCommand, critAppTerminateCommand, critAppGracefulCommand); only view admin at authPriv may have them',
        ],
      ],
    },
  })
})

describe('snmpd.cnf: where notifications go', () => {
  const target = (params: string, tags = 'Console', address = '127.0.0.1:162'): string =>
    `snmpTargetAddrEntry t snmpUDPDomain ${address} 100 3 ${tags} ${params} nonVolatile -`
  cases(() => home, 'agent/snmpd.cnf', {
    'parameters that are not there': {
      add: target('nowhere'),
      expect: [['nowhere', 'warning: there is no snmpTargetParamsEntry nowhere; nothing is sent to this target']],
    },
    'tags that nothing has': {
      add: target('v2cParams', '"Other Another"'),
      expect: [
        [
          '"Other Another"',
          'warning: no snmpNotifyEntry and no community has a tag of Other Another; nothing is sent to this target',
        ],
      ],
    },
    'another domain, and a mask that is too short': {
      add: 'snmpTargetAddrEntry t 1.3.6.1.6.1.2 127.0.0.1:162 100 3 Console v2cParams nonVolatile 255.255.0.0:0',
      expect: [
        [
          '1.3.6.1.6.1.2',
          'warning: nothing is sent to this target; its address must be one of snmpUDPDomain or transportDomainUdpIpv4',
        ],
      ],
    },
    'a notification that no target has the tag of': {
      add: 'snmpNotifyEntry n lost trap nonVolatile',
      expect: [['lost', 'warning: no snmpTargetAddrEntry has the tag lost']],
    },
    'models that do not go together': {
      add: 'snmpTargetParamsEntry p snmpv2c usm proxySec noAuthNoPriv nonVolatile\nsnmpTargetParamsEntry q snmpv1 snmpv1 proxySec authPriv nonVolatile',
      expect: [
        ['usm', 'warning: messages of snmpv2c need the security model snmpv2c'],
        ['authPriv', 'warning: messages of snmpv1 are noAuthNoPriv'],
      ],
    },
    'a community and a user that are not there': {
      add: 'snmpTargetParamsEntry p snmpv2c snmpv2c stranger noAuthNoPriv nonVolatile\nsnmpTargetParamsEntry q snmpv3 usm bob authPriv nonVolatile',
      expect: [
        ['stranger', 'warning: no snmpCommunityEntry has the security name stranger; nothing can be sent'],
        ['bob', 'warning: there is no user bob; run: castellan user add bob'],
      ],
    },
    'a security name that may see no notification': {
      add: `snmpTargetParamsEntry p snmpv2c snmpv2c publicSec noAuthNoPriv nonVolatile\n${target('p')}`,
      expect: [['publicSec', 'warning: publicSec has no notify view by snmpv2c at noAuthNoPriv; nothing is sent']],
    },
    'filters of nothing, and nothing in a filter': {
      add: 'snmpNotifyFilterProfileEntry gone empty nonVolatile\nsnmpNotifyFilterEntry unused iso - included nonVolatile\nnlmConfigLogEntry second void 0 enabled nonVolatile',
      expect: [
        ['gone', 'warning: there is no snmpTargetParamsEntry gone'],
        ['empty', 'warning: profile empty has no snmpNotifyFilterEntry, so it keeps nothing back'],
        ['unused', 'warning: nothing uses the profile unused'],
        ['void', 'warning: profile void has no snmpNotifyFilterEntry, so nothing is logged'],
      ],
    },
  })
})

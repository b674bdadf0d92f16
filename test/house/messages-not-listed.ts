/**
 * Messages that no test expects whole, because what brings them about takes processes, other users or failures of the system.
 * Tests of those places expect a part of some of them. What comes here in future is to say why.
 */
const needsDaemon = 'needs daemons that fail, stop or hang at one moment'
const needsUsers = 'needs homes and folders of several users'
const needsHost = 'needs a host that fails'

export const notListed: Readonly<Record<string, string>> = {
  'the running agent keeps its old configuration, because its files have mistakes: ...; correct them and run: castellan reload':
    needsDaemon,
  'the running agent was asked to read its files, but did not confirm it (...); see logs/agent/agent.log': needsDaemon,
  'removed ... from snmpd.cnf, but the agent at ... still answers it (...); see logs/agent/agent.log': needsDaemon,
  'the ..., PID ..., is starting or stopping; run the command again': needsDaemon,
  '...: not stopped yet; start with: castellan apps start': needsDaemon,
  'the ... of ... runs as PID ...; before its folders get another owner, run: castellan stop': needsDaemon,
  'is being started already, by PID ...; wait until castellan status shows that it runs': needsDaemon,
  'PID ... is stopping it and does not finish; end that process, and run the command again': needsDaemon,
  'cannot be started: its ... runs already, as PID ..., and castellan start did not start it; to stop it, run: ...':
    needsDaemon,
  'the ... did not serve within ... s; see logs/.../....log': needsDaemon,
  'the ..., PID ..., does not end, even after SIGKILL; see what it waits for: ps -o wchan= -p ...': needsDaemon,
  'the ... is being started already; castellan status says when it runs': needsDaemon,
  'the appliance was stopped while the ... was restarted; run: castellan start': needsDaemon,
  'the ... did not start again; see logs/....log': needsDaemon,
  'expected states, got ...': needsDaemon,
  'the start of ... was ...; run the command again': needsDaemon,
  'device ... does not answer; see: utils disaster_recovery device list': needsDaemon,
  'the process of job ... was killed; its log is ...': needsDaemon,
  'job ... does not report its progress; see: utils disaster_recovery status': needsDaemon,
  'job ... no longer exists; see: utils disaster_recovery history': needsDaemon,
  'a backup or restore of ... is running; wait for its end': needsDaemon,
  'the folders belong to ..., not to ...; leave the option out': needsUsers,
  '... belongs to ..., and root does not act on files of another user; run: ...': needsUsers,
  'only root can give folders of a home to the users of its daemons; run the command as root': needsUsers,
  '... is closed to the users of the daemons; choose another place, or run: chmod a+x ...': needsUsers,
  '... was made by an older version, whose files only its owner, ..., can move; as that user run: castellan init --home ...':
    needsUsers,
  '...; run the command as root, or as the owner of the home': needsUsers,
  'expected the generation of sipd, got ...': needsDaemon,
  'sipd ended meanwhile; see ...': needsDaemon,
  'sipd ... and printed nothing; see logs/sipd/error_log': needsDaemon,
  'sipd was not ready within ... s and was stopped; see logs/sipd/error_log': needsDaemon,
  'PID ... does not end, even after SIGKILL; see what it waits for: ps -o wchan= -p ...': needsDaemon,
  'PID ..., which the supervisor names, is not the sipd of ...; see the row of sipd in critagt.cnf': needsDaemon,
  'the subagents did not answer within ... s; see logs/subagents/subagents.log': needsDaemon,
  'cannot read standard input: ...': needsHost,
  'cannot resolve ...: ...; check the name': needsHost,
  'cannot read SipTlsCertificateFile ...: ...': needsHost,
  '... has no complete backup (castellan_*.set); name the folder of a backup with --from': needsHost,
  'nothing is recorded of ...; to see what is, run: castellan history; to record more, add a historySampleEntry to history.cnf':
    needsDaemon,
  'ADDRESS:PORT, such as 127.0.0.1:161': needsDaemon,
  'the name of a MIB object, such as hrProcessorLoad, or an OID': needsDaemon,
  'a whole number from ... to ...': needsDaemon,
  'a whole number from 0 to ...': needsDaemon,
  'the console of ... does not run; run: castellan start (or: systemctl start castellan-console)': needsDaemon,
  'cannot lock ...: ...': needsHost,
  'PID ... cannot be sent ...: ...': needsHost,
  'the name ... has no address; check the name': needsHost,
}

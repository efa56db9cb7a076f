"""A company in memory that answers like DingTalk: state, replies and faults apart.

State is in `records`, `register`, `company` (the people) and `state` (the app), replies
in `departments`, `users`, `shapes`, `access` (APIs), `login`, `control` (pages), faults
in `faults` (when) and `effects` (what). `api.Simulator` leads a call past them.

In a test (fixtures `simulator`, `make_simulator`, `idp`, `draft`, `credentials`)::

    company = simulator.company
    li = company.hire("Li Lei", 501001, email="li.lei@example.test")
    company.move(li.userid, 501002, 501003)      # exactly these departments
    company.update(li.userid, title="Lead", extension={"CostCentre": "C9"})
    company.rename(li.userid, "Li Lei II"); company.lead(li.userid, 501002)
    company.let_go(li.userid)
    company.hire("Back", userid=li.userid, unionid=li.unionid)
    made = company.add_department("Lab", parent=1)
    company.rename_department(made.id, "Labs"); company.move_department(made.id, 501001)
    company.remove_department(made.id)           # refused while it has members
    company.people, company.departments          # mappings by id; a negative id too
    person.department_ids                        # without negative ids, as a sync has it
    company.real_departments(), company.members(1), company.children(1), company.path(5)
    company.save(path); Company.load(path); Company.generate(2000, 200, seed=1)
    company.listeners.append(print)              # an Event after each change

    company.distort(li.userid, mobile=None, unionid=records.ABSENT)  # answers as they are
    company.distort_department(made.id, parent_id=999)               # a missing parent
    company.show_under(501001, 501004)           # a cycle: listed below its own child

Switches of `Simulator`, plain attributes that may be set at any time::

    simulator.permissions.discard("fieldMobile")         # `state.SEVEN` names all
    simulator.narrow([501001], users=["u1"])             # the range; [1] is everybody
    simulator.allowed_addresses = {"198.51.100.7"}       # None: no allow-list
    simulator.stopped, .token_lifetime, .latency, .rate  # rate 20: the 21st is refused
    simulator.revoke_tokens()
    simulator.calls["/topapi/v2/user/list"]              # Counter by API path
    simulator.refused                                    # Counter of calls above `rate`
    simulator.browser_code(unionid), simulator.in_app_code(userid)
    simulator.browser_code(unionid, corp_id="ding0ther") # another company was chosen
    simulator.company.outsiders                          # a stranger, a contact
    simulator.robot.token, .secret, .messages            # a group's robot, and what it said
    simulator.subscribe(pusher.Subscription(url, token, aes_key)); simulator.unsubscribe()
    simulator.stream.patience, .gaps, .ticket_lifetime   # stream mode; see `stream`
    simulator.stream.connections, .log; simulator.stream.push(event, copies=2)
    simulator.stream.ping(); simulator.stream.disconnect(); simulator.stream.stop()

Faults strike by path (patterns too), by the n-th call from now, by chance, by body::

    simulator.faults.add("busy", "/topapi/v2/user/list", nth=3)
    simulator.faults.add("too_fast", "/topapi/*", probability=0.01, seed=7)
    simulator.faults.add(effects.slow(30), "/topapi/v2/department/listsub", times=2)
    simulator.faults.add(effects.error("50004", wrapped=False), body={"dept_id": 501001})
    simulator.faults.add(effects.broken("dns"), host="api")   # oapi, api or login
    simulator.faults.add(effects.altered(change))             # any other damage
    simulator.faults.before("/topapi/v2/user/list", 2, lambda: company.let_go(userid))
    rule.fired, rule.seen; simulator.faults.remove(rule); simulator.faults.clear()

`effects.NAMED` lists the names; `effects` has the functions with their settings.
`adapter.WsgiAdapter(simulator)` calls it without a socket, `serving.listen(simulator,
port)` puts it on a port, `pusher.Pusher` pushes events.
"""

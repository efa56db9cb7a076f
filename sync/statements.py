"""The SQL of a sync: staging tables, comparisons and set-based inserts, as texts.

Words in braces are filled in by `sync.staging`, where the two databases differ;
%(names)s are parameters. No value is ever formatted into a text.
"""

from identity.mapping import CATALOGUE

COLUMNS: tuple[str, ...] = tuple(field.key for field in CATALOGUE)
"""Columns of an employee that a mapping can feed; the rest goes into `attributes`."""
_VALUES = ", ".join(COLUMNS)
_S_VALUES = ", ".join(f"s.{name}" for name in COLUMNS)
_E_VALUES = ", ".join(f"e.{name}" for name in COLUMNS)
STAGED = ("userid", "unionid", "read", "known", "fingerprint", *COLUMNS, "attributes")
_S_STAGED = ", ".join(f"s.{name}" for name in STAGED)
MEMBER = ("userid", "department", "place", "leader", "read")

CREATE = (
    f"""CREATE TEMPORARY TABLE stage_employee_raw (userid {{key}}, unionid text,
        read bigint, known text, fingerprint text,
        {", ".join(f"{name} text" for name in COLUMNS)}, attributes text)""",
    """CREATE TEMPORARY TABLE stage_membership_raw (userid {key}, department {key},
        place bigint, leader integer, read bigint)""",
    "CREATE TEMPORARY TABLE stage_department (department {key} PRIMARY KEY, first bigint)",
    "CREATE TEMPORARY TABLE stage_single (userid {key} PRIMARY KEY)",
    "CREATE TEMPORARY TABLE stage_kept (userid {key} PRIMARY KEY)",
    "CREATE TEMPORARY TABLE stage_sound (userid {key} PRIMARY KEY, sound text)",
)
TABLES = (
    "stage_employee_raw",
    "stage_membership_raw",
    "stage_department",
    "stage_single",
    "stage_kept",
    "stage_sound",
    "stage_employee",
    "stage_membership",
    "stage_diff",
    "stage_member_diff",
    "stage_shape",
)
# The newest record of a person is the person (newest read wins).
SETTLE_EMPLOYEES = f"""
CREATE TEMPORARY TABLE stage_employee AS
SELECT {", ".join(STAGED)} FROM (
    SELECT s.*, row_number() OVER (PARTITION BY userid ORDER BY read DESC) AS age
    FROM stage_employee_raw s
) AS aged WHERE age = 1
"""
# A membership stands if the person's newest record names it. The page that listed it
# knows place and leader; a record's own list of departments knows neither.
SETTLE_MEMBERSHIPS = """
CREATE TEMPORARY TABLE stage_membership AS
SELECT m.userid, m.department, max(m.place) AS place, max(m.leader) AS leader,
       max(m.read) AS read
FROM stage_membership_raw m
JOIN stage_employee e ON e.userid = m.userid
JOIN stage_department d ON d.department = m.department
GROUP BY m.userid, m.department, e.read
HAVING max(m.read) >= e.read
"""
COMPARE_EMPLOYEES = """
CREATE TEMPORARY TABLE stage_diff AS
SELECT s.userid AS userid, e.id AS row_id,
       CASE WHEN e.id IS NOT NULL THEN 'changed'
            WHEN EXISTS (SELECT 1 FROM sync_employee o
                         WHERE o.idp_id = %(idp)s AND o.userid = s.userid) THEN 'known'
            ELSE 'new' END AS verdict
FROM stage_employee s
LEFT JOIN sync_employee e
    ON e.idp_id = %(idp)s AND e.userid = s.userid AND {active}
WHERE e.id IS NULL OR (e.fingerprint <> s.fingerprint AND e.read_number < s.read)
UNION ALL
SELECT e.userid, e.id, 'absent'
FROM sync_employee e
LEFT JOIN stage_employee s ON s.userid = e.userid
WHERE e.idp_id = %(idp)s AND e.status = 'active' AND s.userid IS NULL
  AND e.read_number < %(first)s AND %(removals)s = 1
"""
AFTER_PAGE = f"""
SELECT {_S_STAGED}
FROM stage_diff d JOIN stage_employee s ON s.userid = d.userid
WHERE d.verdict <> 'absent' AND (d.verdict <> 'new' OR %(new)s = 1)
  AND d.userid > %(after)s
ORDER BY d.userid LIMIT %(page)s
"""
BEFORE_PAGE = f"""
SELECT e.userid, e.unionid, e.read_number, '', e.fingerprint, {_E_VALUES}, e.attributes
FROM stage_diff d JOIN sync_employee e ON e.id = d.row_id
WHERE d.userid > %(after)s
ORDER BY d.userid LIMIT %(page)s
"""
NEXT_NEW = """
SELECT max(userid), count(*) FROM (
    SELECT userid FROM stage_diff WHERE verdict = 'new' AND userid > %(after)s
    ORDER BY userid LIMIT %(page)s
) AS chunk
"""
# Names of new people; how they sound is worked out outside the database.
NEW_NAMES = """
SELECT d.userid, s.name
FROM stage_diff d JOIN stage_employee s ON s.userid = d.userid
WHERE d.verdict = 'new' AND d.userid > %(after)s
ORDER BY d.userid LIMIT %(page)s
"""
_RANGE = "d.verdict = 'new' AND d.userid > %(after)s AND d.userid <= %(upto)s"
INSERT_NEW = f"""
INSERT INTO sync_employee (idp_id, userid, unionid, read_number, fingerprint, {_VALUES},
    sound, attributes, sub, status, created_at, changed_at)
SELECT %(idp)s, s.userid, s.unionid, s.read, s.fingerprint, {_S_VALUES},
    COALESCE(n.sound, ''), {{attributes}}, {{uuid}}, 'active', %(now)s, %(now)s
FROM stage_diff d JOIN stage_employee s ON s.userid = d.userid
LEFT JOIN stage_sound n ON n.userid = d.userid
WHERE {_RANGE}
ON CONFLICT DO NOTHING
"""
RECORD_NEW = f"""
INSERT INTO sync_change (run_id, entity, kind, key, label, applied)
SELECT %(run)s, 'employee', 'create', s.userid, s.name, TRUE
FROM stage_diff d JOIN stage_employee s ON s.userid = d.userid
WHERE {_RANGE}
"""
INSERT_NEW_MEMBERSHIPS = f"""
INSERT INTO sync_membership (employee_id, department_id, "order", leader, read_number)
SELECT e.id, t.id, m.place, (m.leader = 1), m.read
FROM stage_diff d
JOIN stage_membership m ON m.userid = d.userid
JOIN sync_employee e
    ON e.idp_id = %(idp)s AND e.userid = d.userid AND {{active}}
    AND e.read_number <= m.read
JOIN sync_department t ON t.idp_id = %(idp)s AND t.source_id = m.department
WHERE {_RANGE}
ON CONFLICT DO NOTHING
"""
RECORD_NEW_MEMBERSHIPS = f"""
INSERT INTO sync_change (run_id, entity, kind, key, place, label, applied)
SELECT %(run)s, 'membership', 'create', e.userid || '/' || t.source_id, t.source_id, '',
    TRUE
FROM stage_diff d
JOIN sync_employee e ON e.idp_id = %(idp)s AND e.userid = d.userid AND {{active}}
JOIN sync_membership p ON p.employee_id = e.id
JOIN sync_department t ON t.id = p.department_id
WHERE {_RANGE}
"""
_LEADER = "CASE p.leader WHEN TRUE THEN 1 WHEN FALSE THEN 0 END"
# Of active people only; places of a userid's new holder are not the old one's, as long
# as nobody could say that the userid changed hands. A pair that a later read refreshed is left alone, and so is
# everything of a person whose row a later read refreshed. Absence counts for
# departments that were read to their end, unless the person could not be asked for.
COMPARE_MEMBERSHIPS = f"""
CREATE TEMPORARY TABLE stage_member_diff AS
SELECT m.userid AS userid, m.department AS department, p.id AS row_id, 1 AS staged
FROM stage_membership m
JOIN stage_employee s ON s.userid = m.userid
JOIN sync_employee e
    ON e.idp_id = %(idp)s AND e.userid = m.userid AND {{active}}
    AND (e.unionid = s.unionid OR e.unionid = '' OR s.unionid = '')
LEFT JOIN sync_department t ON t.idp_id = %(idp)s AND t.source_id = m.department
LEFT JOIN sync_membership p ON p.employee_id = e.id AND p.department_id = t.id
WHERE (p.id IS NULL AND e.read_number <= m.read)
   OR (p.read_number < m.read AND (
        m.place <> p."order" OR (m.place IS NOT NULL AND p."order" IS NULL)
        OR m.leader <> {_LEADER} OR (m.leader IS NOT NULL AND p.leader IS NULL)))
UNION ALL
SELECT e.userid, t.source_id, p.id, 0
FROM sync_membership p
JOIN sync_employee e ON e.id = p.employee_id AND {{active}}
JOIN sync_department t ON t.id = p.department_id
JOIN stage_department d ON d.department = t.source_id
LEFT JOIN stage_membership m ON m.userid = e.userid AND m.department = t.source_id
LEFT JOIN stage_kept k ON k.userid = e.userid
WHERE e.idp_id = %(idp)s AND m.userid IS NULL AND k.userid IS NULL
  AND p.read_number < d.first AND %(removals)s = 1
UNION ALL
SELECT e.userid, t.source_id, p.id, 0
FROM stage_single o
JOIN stage_employee s ON s.userid = o.userid
JOIN sync_employee e ON e.idp_id = %(idp)s AND e.userid = o.userid AND {{active}}
    AND (e.unionid = s.unionid OR e.unionid = '' OR s.unionid = '')
JOIN sync_membership p ON p.employee_id = e.id
JOIN sync_department t ON t.id = p.department_id
LEFT JOIN stage_membership m ON m.userid = o.userid AND m.department = t.source_id
WHERE m.userid IS NULL AND p.read_number < s.read
"""
# Of people whose access is cut those whom this read found: a userid's new holder is
# somebody else.
FOUND = """
SELECT s.userid, s.read
FROM sync_accesscut c
JOIN sync_employee e ON e.id = c.employee_id
JOIN stage_employee s ON s.userid = e.userid
    AND (e.unionid = s.unionid OR e.unionid = '' OR s.unionid = '')
WHERE e.idp_id = %(idp)s
"""
FORGET = "DELETE FROM stage_employee_raw WHERE userid = %s"
MEMBERS_AFTER = """
SELECT m.userid, m.department, m.place, m.leader, m.read
FROM stage_member_diff d
JOIN stage_membership m ON m.userid = d.userid AND m.department = d.department
WHERE d.staged = 1 ORDER BY d.userid, d.department
"""
MEMBERS_BEFORE = f"""
SELECT d.userid, d.department, p."order", {_LEADER}, p.read_number
FROM stage_member_diff d JOIN sync_membership p ON p.id = d.row_id
ORDER BY d.userid, d.department
"""

UPDATE_EMPLOYEE = f"""
UPDATE sync_employee SET unionid = %s, fingerprint = %s, read_number = %s,
    changed_at = %s, sound = %s, attributes = {{json}},
    {", ".join(f"{name} = %s" for name in COLUMNS)}
WHERE idp_id = %s AND userid = %s AND status = 'active' AND read_number < %s
"""
UPDATE_MEMBERSHIP = """
UPDATE sync_membership SET "order" = %s, leader = %s, read_number = %s
WHERE employee_id = %s AND department_id = %s AND read_number < %s
"""
# A row whose person has another unionid now was not what this read saw.
TOUCH_EMPLOYEES = """
UPDATE sync_employee SET read_number = s.read
FROM stage_employee s
WHERE sync_employee.idp_id = %(idp)s AND sync_employee.userid = s.userid
  AND sync_employee.status = 'active' AND sync_employee.read_number < s.read
  AND (sync_employee.unionid = s.unionid OR s.unionid = '')
"""
TOUCH_MEMBERSHIPS = """
UPDATE sync_membership SET read_number = m.read
FROM stage_membership m
JOIN sync_employee e ON e.idp_id = %(idp)s AND e.userid = m.userid AND {active}
JOIN sync_department t ON t.idp_id = %(idp)s AND t.source_id = m.department
WHERE sync_membership.employee_id = e.id AND sync_membership.department_id = t.id
  AND sync_membership.read_number < m.read
"""
SHAPE_COLUMNS = ("department", "path", "depth", "children", "direct", "total")
CREATE_SHAPES = """
CREATE TEMPORARY TABLE stage_shape (department {key}, path text, depth integer,
    children integer, direct integer, total integer)
"""
UPDATE_SHAPES = """
UPDATE sync_department SET path = s.path, depth = s.depth, children = s.children,
    direct = s.direct, total = s.total
FROM stage_shape s
WHERE sync_department.idp_id = %(idp)s AND sync_department.source_id = s.department
"""

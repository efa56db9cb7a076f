"""The fields of a person that DingTalk offers for mapping."""

from identity.connectors.records import FieldType, SourceField

MOBILE = "fieldMobile"
"""Gate: Enterprise Employee Mobile Number Information."""
PERSONAL = "fieldEmail"
"""Gate: Email And Other Personal Information."""
DETAIL = "detail"
"""Gate of what only user/get carries; the same word as in `identity.mapping`."""

LISTED = frozenset({"", MOBILE, PERSONAL})
"""Gates that a list record speaks for; whether one is withdrawn, the whole read says."""
DETAILED = LISTED | {DETAIL}

EXTENSION = "extension"

SOURCE_FIELDS: tuple[SourceField, ...] = (
    SourceField("name", "Name", "姓名", default_target="name"),
    SourceField(
        "mobile",
        "Mobile number",
        "手机号",
        MOBILE,
        default_target="mobile",
        type=FieldType.PHONE,
    ),
    SourceField(
        "email",
        "Email",
        "邮箱",
        PERSONAL,
        default_target="email",
        type=FieldType.EMAIL,
    ),
    SourceField(
        "org_email",
        "Enterprise email",
        "企业邮箱",
        PERSONAL,
        default_target="email",
        type=FieldType.EMAIL,
    ),
    SourceField("title", "Position", "职位", default_target="title"),
    SourceField("job_number", "Employee ID", "工号", default_target="job_number"),
    SourceField(
        "telephone",
        "Extension phone",
        "分机号",
        default_target="telephone",
        type=FieldType.PHONE,
    ),
    SourceField(
        "work_place",
        "Office location",
        "办公地点",
        PERSONAL,
        default_target="work_place",
    ),
    SourceField("remark", "Remarks", "备注", PERSONAL, default_target="remark"),
    SourceField(
        "hired_date",
        "Hire date",
        "入职时间",
        default_target="hired_date",
        type=FieldType.DATE,
    ),
    SourceField(
        "state_code", "Country calling code", "国际区号", MOBILE, type=FieldType.NUMBER
    ),
    SourceField("login_id", "Enterprise account ID", "专属帐号登录名"),
    SourceField("nickname", "Nickname", "昵称"),
    SourceField(
        "manager_userid",
        "Direct manager",
        "直属主管",
        detail=True,
        type=FieldType.PERSON,
    ),
    SourceField(
        "main_department",
        "Main department",
        "主部门",
        detail=True,
        type=FieldType.DEPARTMENT,
    ),
    SourceField("roles", "Roles", "角色", detail=True, type=FieldType.LIST),
    SourceField(
        EXTENSION, "All custom fields", "全部自定义字段", PERSONAL, type=FieldType.GROUP
    ),
)

PLAIN: tuple[str, ...] = (
    "name",
    "mobile",
    "state_code",
    "email",
    "org_email",
    "title",
    "job_number",
)
PLAIN += ("telephone", "login_id", "nickname")
LONG = ("work_place", "remark")
"""Texts in which a line break is nothing unusual."""
PERSONAL_KEYS = ("email", "org_email", "work_place", "remark", EXTENSION)
MOBILE_KEYS = ("mobile", "state_code")

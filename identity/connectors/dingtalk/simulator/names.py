"""Words that invented companies are made of. Every person here is invented."""

SURNAMES = {
    "王": "wang", "李": "li", "张": "zhang", "刘": "liu", "陈": "chen", "杨": "yang",
    "赵": "zhao", "黄": "huang", "周": "zhou", "吴": "wu", "徐": "xu", "孙": "sun",
    "胡": "hu", "朱": "zhu", "高": "gao", "林": "lin", "何": "he", "郭": "guo",
    "马": "ma", "罗": "luo", "梁": "liang", "宋": "song", "郑": "zheng", "谢": "xie",
    "韩": "han", "唐": "tang", "冯": "feng", "于": "yu", "董": "dong", "萧": "xiao",
    "程": "cheng", "曹": "cao", "袁": "yuan", "邓": "deng", "许": "xu", "傅": "fu",
    "沈": "shen", "曾": "zeng", "彭": "peng", "吕": "lyu", "欧阳": "ouyang",
}  # fmt: skip
GIVEN = {
    "伟": "wei", "芳": "fang", "娜": "na", "敏": "min", "静": "jing", "丽": "li",
    "强": "qiang", "磊": "lei", "军": "jun", "洋": "yang", "勇": "yong", "艳": "yan",
    "杰": "jie", "娟": "juan", "涛": "tao", "明": "ming", "超": "chao", "霞": "xia",
    "平": "ping", "刚": "gang", "晓": "xiao", "雪": "xue", "梅": "mei", "琳": "lin",
    "建": "jian", "国": "guo", "文": "wen", "志": "zhi", "子": "zi", "雨": "yu",
    "欣": "xin", "怡": "yi", "浩": "hao", "宇": "yu", "轩": "xuan", "佳": "jia",
    "思": "si", "嘉": "jia", "海": "hai", "云": "yun",
}  # fmt: skip
FIRST = (
    "James", "Mary", "Robert", "Patricia", "Daniel", "Linda", "Michael", "Elena",
    "William", "Susan", "David", "Karen", "Thomas", "Nancy", "Oliver", "Sophie",
    "Priya", "Arjun", "Hana", "Kenji", "Mei-Ling", "Zoë", "José", "Søren",
)  # fmt: skip
LAST = (
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis",
    "Martin", "Lee", "Walker", "Hall", "Young", "King", "Wright", "Scott", "Green",
    "Baker", "O'Connor", "Müller", "Nakamura", "Sharma", "van Dijk", "Kowalski",
)  # fmt: skip
DIVISIONS = (
    "研发中心", "销售中心", "Operations", "人力资源部", "Finance", "市场部",
    "Customer Success", "供应链管理部", "Legal and Compliance", "信息安全部",
    "制造中心", "International Business",
)  # fmt: skip
UNITS = (
    "Platform Engineering", "前端开发组", "后端开发组", "测试部", "Data Science",
    "产品设计部", "华东区", "华南区", "华北区", "Key Accounts", "渠道部", "招聘组",
    "Payroll", "会计组", "采购部", "仓储物流部", "Quality", "Brand", "内容运营组",
    "Support Tier 2", "网络运维组", "Field Service", "培训发展部", "Office Services",
    "算法组", "移动端开发组", "Security Operations", "法务组", "EMEA", "APAC",
)  # fmt: skip
TITLES = (
    "Engineer", "Senior Engineer", "产品经理", "销售经理", "Accountant", "人事专员",
    "Analyst", "客户经理", "Designer", "测试工程师", "Buyer", "运营专员", "主管",
    "Team Lead", "实习生", "Architect",
)  # fmt: skip
PLACES = ("Hangzhou", "上海", "北京", "深圳", "Chengdu", "Singapore", "London")
REMARKS = ("新员工", "Works remotely", "长期出差", "Part-time until June")
ROLE_GROUPS = (
    ("默认", ("主管理员", "子管理员", "负责人", "主管")),
    ("职务", ("Finance approver", "出纳", "HRBP")),
    ("Seats", ("Fire warden", "First aid")),
)
PREFIXES = ("135", "136", "137", "138", "139", "150", "151", "158", "186", "199")

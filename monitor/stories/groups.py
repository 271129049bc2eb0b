"""Names and terms of the news that mean the same, one group a line; the first stands for all.

They let a Chinese and an English headline of one event meet. A long group goes on in another line
that begins with its first term. Singular and plural, and the usual
English endings, need not be listed; signs and capitals do not matter. A reader adds groups in
config.toml, and the aliases of topics join by themselves.
"""

GROUPS = """
# ---- firms, models and products
Alibaba = 阿里巴巴 = 阿里 = アリババ = 알리바바
Alibaba Cloud = Aliyun = 阿里云 = 阿里雲
Qwen = Tongyi Qianwen = Tongyi = 通义千问 = 通义 = 千问 = 通義 = 千問
Taobao = 淘宝 = 淘寶
Tmall = 天猫 = 天貓
DingTalk = 钉钉 = 釘釘
Alipay = 支付宝
Ant Group = 蚂蚁集团
T-Head = 平头哥
Amap = 高德
Freshippo = Hema = 盒马
Cainiao = 菜鸟网络 = 菜鸟
Kling = Kling AI = KlingAI = 可灵 = 可靈
Kuaishou = 快手科技 = 快手
01.AI = 零一万物 = 零一萬物
Tencent = 腾讯 = 騰訊
Hunyuan = 混元
WeChat = Weixin = 微信
Baidu = 百度
Ernie = 文心一言 = 文心
ByteDance = 字节跳动 = 字节
Doubao = 豆包
Douyin = 抖音
Seedance = 即梦 = Jimeng
DeepSeek = 深度求索
Moonshot AI = Moonshot = 月之暗面
Zhipu = Zhipu AI = Z.ai = 智谱
StepFun = 阶跃星辰
Baichuan = 百川智能
MiniMax = 稀宇科技 = 稀宇
Unitree = 宇树科技 = 宇树
iFlytek = 科大讯飞
SenseTime = 商汤科技 = 商汤
Huawei = 华为 = 華為
Ascend = 昇腾
Kirin = 麒麟
SMIC = 中芯国际 = 中芯
CXMT = 长鑫存储 = 长鑫
YMTC = 长江存储
Cambricon = 寒武纪
Hygon = 海光信息 = 海光
Moore Threads = 摩尔线程
Biren = 壁仞
Xiaomi = 小米
Meituan = 美团
JD.com = 京东
Pinduoduo = PDD = 拼多多
Temu = 特木
Shein = 希音
BYD = 比亚迪
CATL = 宁德时代
Geely = 吉利
Nio = 蔚来
Xpeng = 小鹏
Li Auto = 理想汽车
Didi = 滴滴
NetEase = 网易
Bilibili = 哔哩哔哩
Weibo = 微博
Lenovo = 联想
ZTE = 中兴
DJI = 大疆
Hikvision = 海康威视
Evergrande = 恒大
Foxconn = Hon Hai = 富士康 = 鸿海
Nvidia = 英伟达 = 輝達 = 辉达
AMD = 超威半导体 = 超威
Intel = 英特尔
Qualcomm = 高通
Broadcom = 博通
Micron = 美光
TSMC = 台积电 = 台積電
MediaTek = 联发科
Samsung = 三星电子 = 三星 = サムスン
SK Hynix = 海力士
ASML = 阿斯麦
Applied Materials = 应用材料
Lam Research = 泛林
Tokyo Electron = 东京电子
Arm Holdings = 安谋
Supermicro = Super Micro = SMCI = 超微电脑
IBM = 国际商业机器
Oracle = 甲骨文
Salesforce = 赛富时
SoftBank = 软银 = ソフトバンク
Sony = 索尼
Toyota = 丰田
Nintendo = 任天堂
OpenAI = Open AI
Anthropic = 安索普
Claude = 克劳德
Google = Alphabet = 谷歌
DeepMind = Google DeepMind = 深度思维
Gemini = 双子座
Microsoft = 微软 = 微軟
Meta = Meta Platforms = Facebook = 脸书
Apple = 苹果公司 = 苹果 = 蘋果
Amazon = AWS = 亚马逊 = 亞馬遜
Tesla = 特斯拉
SpaceX = 太空探索
Starlink = 星链
TikTok = 海外版抖音
Netflix = 奈飞
Disney = 迪士尼
Uber = 优步
Boeing = 波音
Airbus = 空客
Hugging Face = HuggingFace = 抱抱脸
Mistral = Mistral AI = 米斯特拉尔
BlackRock = 贝莱德
Goldman Sachs = Goldman = 高盛
JPMorgan = JP Morgan = 摩根大通
Morgan Stanley = 摩根士丹利 = 大摩
UBS = 瑞银
Citigroup = Citi = 花旗
HSBC = 汇丰
Temasek = 淡马锡
Berkshire = Berkshire Hathaway = 伯克希尔
Reuters = 路透社 = 路透
Bloomberg = 彭博社 = 彭博
Wall Street Journal = WSJ = 华尔街日报
Financial Times = FT = 金融时报
New York Times = NYT = 纽约时报
Xinhua = 新华社
# ---- people
Jack Ma = 马云
Joe Tsai = 蔡崇信
Eddie Wu = 吴泳铭
Pony Ma = 马化腾
Robin Li = 李彦宏
Lei Jun = 雷军
Kai-Fu Lee = Kaifu Lee = 李开复 = 李開復
Liang Wenfeng = 梁文锋
Ren Zhengfei = 任正非
Jensen Huang = Huang = 黄仁勋 = 黃仁勳
Lisa Su = 苏姿丰
Sam Altman = Altman = 奥尔特曼 = 奥特曼
Elon Musk = Musk = 马斯克 = 馬斯克
Mark Zuckerberg = Zuckerberg = 扎克伯格
Tim Cook = 库克
Satya Nadella = Nadella = 纳德拉
Sundar Pichai = Pichai = 皮查伊
Dario Amodei = Amodei = 阿莫迪
Jeff Bezos = Bezos = 贝索斯
Bill Gates = 盖茨
Warren Buffett = Buffett = 巴菲特
Masayoshi Son = 孙正义
Donald Trump = Trump = Trump administration = 特朗普政府 = 特朗普 = 川普
JD Vance = Vance = 万斯
Joe Biden = Biden = 拜登
Marco Rubio = Rubio = 鲁比奥 = 卢比奥
Scott Bessent = Bessent = 贝森特
Howard Lutnick = Lutnick = 卢特尼克
Jerome Powell = Powell = 鲍威尔
Xi Jinping = 习近平 = 習近平
Li Qiang = 李强
Wang Yi = 王毅
He Lifeng = 何立峰
Vladimir Putin = Putin = 普京
Volodymyr Zelensky = Zelensky = Zelenskyy = Zelenskiy = 泽连斯基
Emmanuel Macron = Macron = 马克龙
Keir Starmer = Starmer = 斯塔默
Friedrich Merz = Merz = 默茨
Ursula von der Leyen = von der Leyen = 冯德莱恩
Narendra Modi = Modi = 莫迪
Viktor Orban = Orban = Orbán = 欧尔班
Benjamin Netanyahu = Netanyahu = 内塔尼亚胡
Recep Tayyip Erdogan = Erdogan = 埃尔多安
Kim Jong Un = 金正恩
Sanae Takaichi = Takaichi = 高市早苗
Pedro Sánchez = Sánchez = 桑切斯
# ---- countries, places, bodies
United States = U.S. = US = USA = American = America = Washington = Estados Unidos = EE.UU.
United States = 美国政府 = 美国 = 美國 = 美方 = 华盛顿
China = Chinese = Beijing = chino = 中国 = 中國 = 中方 = 北京
Hong Kong = HKEX = 港交所 = 赴港 = 香港
Taiwan = Taiwanese = Taipei = 台湾 = 台灣
Japan = Japanese = Tokyo = Japón = 日本 = 东京
South Korea = South Korean = Korea = Korean = Seoul = 韩国 = 首尔
North Korea = North Korean = Pyongyang = 朝鲜
India = Indian = New Delhi = 印度
Russia = Russian = Moscow = Kremlin = Rusia = 俄罗斯 = 俄方 = 莫斯科
Ukraine = Ukrainian = Kyiv = Ucrania = 乌克兰 = 基辅
Iran = Iranian = Tehran = Irán = 伊朗
Israel = Israeli = 以色列
Gaza = 加沙
West Bank = 约旦河西岸
Palestine = Palestinian = 巴勒斯坦
European Union = European Commission = EU = Brussels = Europe = European = Unión Europea
European Union = Europa = 欧盟 = 欧洲 = 歐盟
Britain = British = U.K. = UK = United Kingdom = London = Reino Unido = 英国 = 伦敦
Germany = German = Berlin = Alemania = 德国 = 柏林
France = French = Paris = Francia = 法国 = 巴黎
Spain = Spanish = Madrid = España = 西班牙
Italy = Italian = Rome = Italia = 意大利
Netherlands = Dutch = The Hague = Países Bajos = 荷兰
Hungary = Hungarian = Budapest = 匈牙利
Poland = Polish = 波兰
Switzerland = Swiss = 瑞士
Turkey = Turkish = Ankara = 土耳其
United Arab Emirates = UAE = Emirates = Abu Dhabi = Dubai = 阿联酋 = 迪拜
Saudi Arabia = Saudi = Riyadh = 沙特阿拉伯 = 沙特
Qatar = 卡塔尔
Egypt = Egyptian = 埃及
Singapore = 新加坡
Malaysia = Malaysian = 马来西亚
Vietnam = Vietnamese = 越南
Thailand = Thai = 泰国
Indonesia = Indonesian = 印尼 = 印度尼西亚
Philippines = Philippine = 菲律宾
Canada = Canadian = 加拿大
Mexico = Mexican = México = 墨西哥
Brazil = Brazilian = Brasil = 巴西
Venezuela = 委内瑞拉
Argentina = 阿根廷
Australia = Australian = 澳大利亚 = 澳洲
Africa = African = 非洲
Asia = Asian = 亚洲
Shanghai = 上海
Shenzhen = 深圳
Hangzhou = 杭州
California = 加州 = 加利福尼亚
Texas = 得州 = 德州
Silicon Valley = 硅谷
Wall Street = 华尔街
Nasdaq = 纳斯达克
White House = Casa Blanca = 白宫 = 白宮
Congress = lawmaker = Senate = senator = House of Representatives = 国会 = 参议院 = 众议院
Congress = 议员
Commerce Department = Department of Commerce = Commerce Ministry = Ministry of Commerce = BIS
Commerce Department = MOFCOM = 商务部
Foreign Ministry = Ministry of Foreign Affairs = State Department = 外交部 = 国务院
Pentagon = Defense Department = Department of Defense = Department of War = 五角大楼 = 国防部
Justice Department = Department of Justice = DOJ = prosecutor = 司法部 = 检方 = 检察官
FBI = 联邦调查局
Treasury = Treasury Department = 财政部
Federal Reserve = Fed = 美联储 = 聯準會
Supreme Court = 最高法院
court = judge = tribunal = 法院 = 法官
United Nations = UN = ONU = 联合国
NATO = 北约
WTO = World Trade Organization = 世贸组织
FTC = Federal Trade Commission = 联邦贸易委员会
SEC = Securities and Exchange Commission = 证券交易委员会
# ---- trade, law, power
export control = export curb = export restriction = export ban = export rule = export limit
export control = 出口管制 = 出口限制 = 出口禁令 = 出口管控
export = exportación = 出口
import = 进口
restriction = restrict = curb = limit = 管制 = 限制 = 管控
entity list = blacklist = 实体清单 = 實體清單 = 黑名单
sanction = 制裁
tariff = duties = arancel = aranceles = 关税 = 關稅
trade war = 贸易战
trade deal = trade agreement = 贸易协议
license = licence = permit = 许可证 = 许可
approve = approval = clear = green light = 批准 = 获批 = 放行
allow = let = 允许 = 准许
lift = drop = remove = scrap = 解除 = 取消 = 撤销
ban = prohibit = bar = block = prohíbe = 禁止 = 禁用 = 禁令 = 封禁 = 禁售
smuggle = smuggling = smuggler = 走私
loophole = 漏洞百出
national security = seguridad nacional = 国家安全
safety = 安全性
suspend = disable = halt = pause = 停用 = 停供 = 暂停 = 中止
shut down = shut = close down = closure = 关闭 = 关停
resume = restore = reopen = 恢复 = 重启
rule = regulation = regulator = regulate = 规则 = 规定 = 监管 = 法规
policy = 政策
law = bill = act = legislation = 法案 = 法律 = 立法
probe = investigation = investigate = inquiry = 调查
lawsuit = sue = suit = 起诉 = 诉讼
antitrust = monopoly = 反垄断 = 垄断
fine = penalty = 罚款 = 处罚
charge = indict = indictment = 被控 = 指控罪名
arrest = detain = 逮捕 = 拘留 = 被捕 = 扣押
accuse = allege = allegation = 指控 = 指责 = 指称
steal = stole = stolen = theft = 窃取 = 盗取
distill = distillation = 蒸馏
copyright = 版权 = 著作权
patent = 专利
government = gobierno = 政府
official = 官员
ministry = 部门
president = presidente = 总统
prime minister = premier = primer ministro = 首相 = 总理
minister = 部长
election = vote = elección = elecciones = 选举 = 大选
war = guerra = 战争
military = army = 军方 = 军事 = 军队
strike = airstrike = 空袭 = 打击
attack = ataque = 袭击 = 攻击
missile = 导弹
ceasefire = truce = 停火
peace = 和平
nuclear = 核能 = 核电 = 核武
fighter jet = warplane = 战机 = 战斗机
visit = trip = 访问 = 访华 = 到访
summit = cumbre = 峰会
meeting = meet = met = 会晤 = 会面 = 会议 = 会谈
condemn = denounce = 谴责
protest = 抗议
# ---- business and markets
IPO = initial public offering = go public = going public = 首次公开募股 = 上市 = 招股
spin off = spinoff = split off = 分拆 = 拆分 = 剥离
funding = raise = fundraising = financing = 融资 = 募资 = 注资
funding round = round = 轮融资 = 本轮
valuation = value = valued = 估值
invest = investment = investor = stake = 投资者 = 投资人 = 投资 = 入股 = 参投 = 领投
acquire = acquisition = buy = bought = takeover = 收购 = 并购 = 买下
sell = sold = sale = venta = 出售 = 卖出
merge = merger = 合并
revenue = ingresos = 营收 = 收入
profit = earning = net income = beneficio = 净利润 = 利润 = 盈利
loss = losses = 亏损
quarterly result = results = earnings report = 财报 = 业绩
quarter = quarterly = 季度 = 第一季度 = 第二季度 = 第三季度 = 第四季度
share = stock = share price = acciones = 股价 = 股票 = 股份
market value = market cap = market capitalisation = market capitalization = 市值
bond = debt = 债券 = 债务
buyback = repurchase = 回购
dividend = 股息 = 分红
fall = fell = plunge = slump = tumble = decline = slide = slid = sink = 下跌 = 大跌 = 暴跌 = 跌
rise = rose = surge = jump = soar = climb = gain = 上涨 = 大涨 = 飙升 = 涨停 = 暴涨
record = all-time high = 纪录 = 历史新高 = 新高
billionaire = rich list = 富豪
layoff = lay off = laid off = job cut = cut jobs = despido = despidos = 裁员
resign = resignation = step down = depart = departure = quit = leave = 离职 = 辞职 = 卸任 = 出走
appoint = hire = join = poach = 任命 = 加入 = 加盟 = 挖角
founder = co-founder = cofounder = fundador = 创始人 = 联合创始人
CEO = chief executive = 首席执行官 = 总裁
chairman = chair = 董事长
board = 董事会
employee = staff = worker = 员工 = 职员
restructure = reorganize = reorganise = reorganization = overhaul = 重组 = 架构调整
consider = weigh = mull = evaluate = assess = 评估 = 考虑
plan = aim = intend = 计划 = 拟 = 打算
talks = negotiate = negotiation = discussion = 谈判 = 洽谈 = 磋商
deal = agreement = agree = pact = acuerdo = 协议 = 达成
partner = partnership = collaborate = collaboration = team up = 合作 = 联手 = 联合
alliance = coalition = 联盟
source = people familiar = reportedly = 消息称 = 消息人士 = 知情人士 = 据报道 = 据悉
company = firm = empresa = compañía = 公司 = 企业
startup = start-up = 初创公司 = 初创企业 = 初创
market = mercado = 市场
customer = client = 客户
user = usuario = 用户
price = pricing = precio = 定价 = 价格 = 售价
price cut = cut price = cuts prices = slash = discount = cheaper = 降价 = 优惠 = 折扣 = 下调
price hike = raise price = price increase = 涨价 = 提价
cost = coste = 成本
free = gratis = 免费
subscription = subscribe = 订阅
e-commerce = ecommerce = shopping = 电商 = 购物
advertising = ad = advertiser = 广告
supply chain = supply = 供应链 = 供应
shipment = ship = deliver = delivery = 出货 = 交付
order = 订单
factory = plant = fab = fábrica = 工厂
mass production = mass-produce = mass produce = manufacture = 量产 = 投产
inflation = inflación = 通胀
interest rate = rate = 利率
rate cut = cut rate = 降息
rate hike = 加息
GDP = 国内生产总值
economy = economic = economía = 经济
bank = banco = 银行
gold = oro = 黄金 = 金价
oil = crude = petróleo = 原油 = 油价 = 石油
bitcoin = crypto = cryptocurrency = 比特币 = 加密货币
# ---- technology
AI = A.I. = artificial intelligence = inteligencia artificial = IA = KI = 人工智能 = 人工智慧
model = modelo = 大模型 = 模型
large language model = language model = LLM = 大语言模型 = 语言模型
multimodal = omni-modal = 多模态 = 全模态
video generation = video generator = 视频生成 = 文生视频 = 生视频
video = vídeo = 视频 = 影片
image = imagen = 图像 = 图片
audio = voice = speech = 语音 = 音频
agent = AI agent = agentic = 智能体 = 代理
assistant = chatbot = 助手 = 聊天机器人
robot = humanoid = robotics = 机器人 = 人形机器人
reason = reasoning = 推理模型
inference = 推理
train = 训练
fine-tune = fine-tuning = 微调
benchmark = leaderboard = 基准测试 = 跑分 = 榜单
parameter = parámetro = 参数
token = 词元
context window = context = 上下文
open source = open-source = opensource = código abierto = 开源 = 開源
open weight = open-weight = weights = 开放权重 = 权重
proprietary = closed source = 闭源
coding = code = coder = programming = 编程 = 编码 = 代码
developer = desarrollador = 开发者
framework = 框架
API = 接口
launch = unveil = release = debut = introduce = roll out = lanza = lanzamiento = 发布 = 推出
launch = 上线 = 亮相 = 登场
announce = announcement = anuncia = 宣布
preview = beta = 预览 = 公测 = 内测
update = upgrade = 更新 = 升级
test = trial = 测试
develop = development = build = built = 研发 = 自研 = 开发
chip = semiconductor = processor = chipmaker = semiconductores = 芯片 = 晶片 = 半导体 = 半導體
GPU = graphics card = 显卡
memory = memory chip = DRAM = HBM = 存储芯片 = 内存
server = servidor = 服务器
data center = data centre = datacenter = datacentre = centro de datos = 数据中心
computing power = compute = 算力
cloud = nube = 云计算 = 云服务
lithography = 光刻机 = 光刻
chipmaking tool = chipmaking equipment = equipment = 设备
quantum = cuántica = 量子
satellite = 卫星
rocket = cohete = 火箭
rare earth = tierras raras = 稀土
gallium = galio = 镓
germanium = germanio = 锗
critical mineral = mineral = 关键矿产 = 矿产
drone = unmanned = 无人机
electric vehicle = electric car = EV = coche eléctrico = 电动汽车 = 电动车 = 新能源车
car = vehicle = automaker = carmaker = coche = 汽车
self-driving = autonomous driving = robotaxi = driverless = 自动驾驶 = 智驾
battery = 电池
phone = smartphone = móvil = 手机
energy = power = electricity = energía = 能源 = 电力
leak = 泄露 = 泄漏 = 曝光
hack = hacker = breach = intrusion = cyberattack = 入侵 = 黑客 = 渗透
vulnerability = flaw = 安全漏洞 = 漏洞
backdoor = spyware = malware = 后门 = 恶意软件
upload = 上传
download = 下载量 = 下载
repository = repo = codebase = 仓库 = 代码库
privacy = 隐私
data = datos = 数据
app = aplicación = 应用
search = búsqueda = 搜索
browser = navegador = 浏览器
game = gaming = videojuego = 游戏
film = movie = película = 电影
music = música = 音乐
research = researcher = study = scientist = 研究 = 研究人员 = 科学家
paper = 论文
university = student = school = 大学 = 高校 = 学校
# ---- what happens, and how it is said
apologise = apologize = apology = 道歉 = 致歉
deny = denies = 否认 = 辟谣
respond = response = react = reaction = 回应 = 反应
confirm = admit = acknowledge = 确认 = 证实 = 承认
warn = warning = advierte = 警告 = 预警
reject = refuse = 拒绝
delay = postpone = 推迟 = 延期 = 延迟
cancel = cancellation = 取消计划
expand = extend = widen = broaden = 扩大 = 扩展 = 延长
ease = relax = loosen = 放宽 = 放松
earthquake = quake = terremoto = 地震
flood = 洪水 = 洪灾
typhoon = hurricane = 台风 = 飓风
fire = incendio = 火灾
crash = 坠毁 = 事故
die = dead = death = kill = muere = 去世 = 死亡 = 身亡 = 遇难
injure = wound = 受伤
vaccine = 疫苗
outage = down = 宕机 = 瘫痪
world = global = mundo = 全球 = 世界
largest = biggest = 最大
domestic = homegrown = 国产 = 本土
access = 访问权限
world cup = 世界杯
champion = championship = 冠军
# ---- the same in Spanish, where it is not in the lines above
United States = EEUU = estadounidense
China = Pekín
Japan = japonés = Tokio
South Korea = Corea del Sur
North Korea = Corea del Norte
Russia = ruso = Moscú
Ukraine = ucraniano = Kiev
Iran = iraní
Israel = israelí
European Union = UE = Bruselas = europeo = europea
Britain = británico = Londres
Germany = alemán = alemana
France = francés
Netherlands = neerlandés = holandés
NATO = OTAN
Congress = Congreso = Senado
Commerce Department = Departamento de Comercio = Ministerio de Comercio
Foreign Ministry = Ministerio de Exteriores
Treasury = Tesoro
Supreme Court = Tribunal Supremo
court = juez = jueza
export control = control de exportación = control de la exportación = control a la exportación
export control = control de las exportaciones = control a las exportaciones
export control = restricciones a la exportación = restricción de exportación
import = importación
restriction = restricción = restringe
entity list = lista de entidades = lista negra
sanction = sanción = sanciona
trade war = guerra comercial
trade deal = acuerdo comercial
license = licencia = permiso
approve = aprueba = aprobar = aprobación
allow = permite = permitir
lift = levanta = retira
ban = prohibición = prohibir
smuggle = contrabando
suspend = suspende = suspensión
shut down = cierra = cerrar = cierre
resume = reanuda = reanudar
rule = norma = normativa = regulación = reglamento
draft = borrador
law = ley = leyes
probe = investiga
lawsuit = demanda = querella
antitrust = monopolio = antimonopolio
fine = multa
charge = imputa = imputado
arrest = detiene = detenido = detención
accuse = acusa = acusación
steal = roba = robo
copyright = derechos de autor
official = funcionario
ministry = ministerio
minister = ministro = ministra
military = ejército = militar
missile = misil
ceasefire = alto el fuego = tregua
peace = paz
visit = visita
meeting = reunión = reúne
IPO = salida a bolsa
spin off = escisión
funding = financiación = recauda
funding round = ronda de financiación
valuation = valoración
invest = invierte = inversión = inversor
acquire = adquiere = adquirir = adquisición = compra
sell = vende = vender
loss = pérdidas
quarter = trimestre = trimestral
bond = deuda
fall = cae = caída
rise = sube = subida
layoff = despide
resign = dimite = dimisión
appoint = nombra = ficha
CEO = consejero delegado = director ejecutivo
board = consejo de administración
employee = empleado = trabajador
plan = planea = prevé
talks = negocia = negociación
alliance = alianza
price cut = baja los precios = bajada de precios = rebaja
price hike = sube los precios = subida de precios
supply chain = cadena de suministro = suministro
interest rate = tipos de interés
large language model = modelo de lenguaje
train = entrena = entrenamiento
open weight = pesos abiertos
lithography = litografía
drone = dron
battery = batería
leak = filtración = filtra
hack = ciberataque
vulnerability = vulnerabilidad
privacy = privacidad
game = juego
research = investigador = estudio = científico
university = universidad
expand = amplía = ampliar = ampliación
ease = relaja = flexibiliza
delay = retrasa = retraso = aplaza
cancel = cancela
deny = niega = desmiente
respond = responde = respuesta
confirm = confirma
reject = rechaza
die = muertos = fallece
injure = heridos
flood = inundación
typhoon = huracán
outage = apagón
access = acceso
"""

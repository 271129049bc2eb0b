"""The topics of the shipped config.toml take what an editor wants in them, and leave the traps.

Headlines of our own, as they might have stood in the press of these years. What is wanted is
written here first, the lists follow: a new line shows whether they know the rule or the old lines.
"""

from pathlib import Path

import pytest

from monitor.config import load
from monitor.matcher import Topics

SHIPPED = Path(__file__).parents[1] / "config.toml"
TOPICS = Topics(load(SHIPPED.read_text("utf-8")).topics)


def topics_of(line: str) -> set[str]:
    return {match.topic_id for match in TOPICS.match_text(line, "")}


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


# ------------------------------------------------------------------------------------------ Kling

KLING = lines("""
    Kling AI says its annual revenue run rate passed $240 million
    Kling 2.6 adds speech and sound effects to generated clips
    Kling 3.0 is here: longer shots, fewer melting hands
    Kling O1 edits a scene when you tell it what to change
    Kuaishou's Kling raises prices for heavy users
    Kuaishou weighs spinning off its Kling unit, sources say
    Kling video generator opens to everyone abroad
    Sora, Veo and Kling compared: one prompt, three films
    We made a short film with Kling and Runway in a weekend
    Kling seeks $2 billion in first outside round
    Kling unit could list in Hong Kong next year
    Kling now lets creators keep one face across shots
    Text-to-video startup Higgsfield adds Kling and Seedance to its menu
    Motion control comes to Kling: how it works
    Fal hosts Kling, Wan and Hailuo behind one API
    AI trailers made with Kling fool millions of viewers
    Image-to-video race: Kling takes the lead in a blind arena
    Kuaishou shares jump as AI video sales beat forecasts
    Kuaishou third-quarter profit rises on AI demand
    Kuaishou open-sources Keye-VL, a multimodal model
    Kuaishou's KAT-Coder tops a benchmark for coding agents
    Kuaishou to spend more on AI chips next year
    Kuaishou trains a large language model for recommendations
    OneRec: Kuaishou replaces its ranking pipeline with a generative model
    Kwai's parent bets on AI video as growth slows
    KlingAI launches an avatar tool for shops
    可灵 3.0 正式上线，全球用户突破六千万
    可灵AI年化收入运行率突破2.4亿美元
    可灵2.5 Turbo降价三成
    快手拟分拆可灵独立融资
    快手可灵发布动作控制功能
    消息称可灵估值达到200亿美元
    可靈AI推出全新影片生成模型
    快手分拆可靈來港上市
    快手财报：AI业务收入大增
    快手發布業績，人工智能收入增長
    快手发布多模态大模型Keye
    快手开源代码模型KAT
    快手AI战略升级：程一笑谈大模型投入
    快手的视频生成模型拿下榜首
    快手股价大涨，可灵商业化提速
    快手推出推荐大模型OneRec
    快手新一代文生视频模型上线
    影片生成AI大戰：可靈、Sora誰更強
    Kling, la IA de vídeo china, estrena versión con sonido
    Probamos Kling 3.0: el generador de vídeo que planta cara a Sora
    Kuaishou quiere sacar a bolsa su IA de vídeo Kling
    Kling: l'IA vidéo chinoise qui inquiète Hollywood
    Kuaishou veut introduire en Bourse son générateur de vidéos Kling
    Chinesischer KI-Videogenerator Kling bekommt Ton
    Kuaishou prüft Börsengang der KI-Sparte Kling
    Kling 3.0 im Test: So gut ist der Videogenerator
    動画生成AI「Kling 3.0」が公開、音声にも対応
    快手の動画生成AI「Kling」、売上高が急増
    콰이쇼우, 영상 생성 AI '클링' 분사 추진
    클링 AI 3.0 출시…동영상 생성 길어진다
    Kling, a IA de vídeo da Kuaishou, chega ao Brasil
    Kuaishou lucra mais com inteligência artificial
    Kling IA: cómo crear vídeos gratis
    Kling 3, il generatore di video cinese, ora anche con audio
    快手可灵全球创作者突破1亿
    如何看待可灵AI发布3.0系列模型？
    Kling 3.0 Omni
    Show HN: I made a music video with Kling and ComfyUI
    Kling's new model understands physics better
    Kuaishou's AI bet pays off as Kling revenue triples
    Kuaishou plans IPO of its video AI unit
    快手程一笑：可灵将独立运营
    可灵融资20亿美元，估值百亿
    快手：第三季度AI相关收入占比提升
    China's ByteDance and Kuaishou race ahead in AI video
    Kuaishou stock sinks despite Kling growth
    快手开源Keye-VL-2.0
    快手Kwaipilot发布KAT-Coder-Pro
    快手科技绩后大涨
    Kling chega com vídeos mais longos
    快手可靈影片模型登上排行榜冠軍
    克隆人声？可灵上线配音功能
    Kling lanza una función de avatares
    Kuaishou Q2 results beat; AI capex up
    Kling AI hires a former Disney executive
    快手季报出炉 可灵收入翻倍. 快手今日公布第三季度业绩
    Ask HN: Best tool for consistent characters, Kling or Veo?
    Luma, Pika and Kling fight for filmmakers
    Kuaishou to spin off video generator Kling at $20bn valuation
    快手宣布成立可灵AI事业部
    字节Seedance 2.0对决可灵3.0
    快手：AI投入将翻倍
    Kuaishou-backed Kling signs deal with Hollywood studio
    Generador de vídeo Kling añade voces en español
""")

NOT_KLING = lines("""
    Andreas Kling leaves his browser project to younger hands
    Ladybird's Andreas Kling on writing a browser, with video
    Anja Kling spielt wieder die Kommissarin
    Marc-Uwe Kling liest aus den neuen Känguru-Chroniken
    Marc-Uwe Kling: KI kann keine Witze
    Arnold Kling on AI and the economy
    Heidi Kling, a psychologist, on children and screens
    Klingbeil will mehr Geld für KI
    Lars Klingbeil im Video-Interview
    A Klingon dictionary gets an AI translator
    Sparkling wine makers turn to AI
    Tackling AI slop in video feeds
    Inkling raises money for its AI model
    Kling & Bang gallery shows video art in Reykjavik
    Kling Klang, Kraftwerk's studio, in a new video
    Das klingt nach einer Idee: Kling, Glöckchen, kling
    Duckling season on the river
    快手菜：十分钟做好一桌
    三道快手早餐，AI帮你配菜
    全球最快手速挑战赛
    新系统可灵活部署大模型
    机械臂可灵敏感知温度，AI控制
    模型參數可靈活調整
    一部手机可灵活折叠
    快手主播涉嫌带货造假被罚
    快手网红直播打架引热议
    快手主播向公益捐款
    Kuaishou live-stream host fined over fake honey
    A Kwai Chung flat sells at a loss
    Kwai Tsing sports ground closes for repairs
    Kevin Kling, storyteller, returns to the fair
    Kling family opens a bakery in Ohio
    Kling: Ein Nachname und seine Geschichte
    Sparkling AI video of champagne
    这款支架可灵活调节，支持AI跟拍
    快手菜谱大全
    Tickling the AI
    Christian Kling takes over the film school
    快手主播直播带货
    Kuaishou anchor apologises to fans
    Tech stocks rise. Shares of Tencent, Kuaishou and Meituan rose by 2 percent
    网红经济观察. 抖音、快手、小红书上的主播们
    Kling, Glöckchen: Weihnachtslieder für Kinder
    Karl Kling, racing driver of the Silver Arrows
""")

# ------------------------------------------------------------------------------------------ 01.AI

ZERO_ONE = lines("""
    01.AI, once a star, stops training giant models
    01.AI plans to go public in Hong Kong
    01.AI founder Kai-Fu Lee says DeepSeek changed the game
    Kai-Fu Lee's 01.AI sells agents to big companies
    Kai-Fu Lee's AI startup turns to business customers
    Former Google China head Kai-Fu Lee steps up as his AI company seeks funds
    Lee Kai-fu's AI unicorn hands its training team to Alibaba
    China's six AI tigers: which of Zhipu, MiniMax, Moonshot, StepFun, Baichuan and 01.AI survive
    01AI releases Yi-Lightning and claims a top place in the arena
    Yi-Large arrives on more clouds
    Yi-34B was built on the architecture of Llama
    Yi-Coder writes code with nine billion parameters
    The Yi model family, two years on
    Yi models can be downloaded again
    Wanzhi, the enterprise platform of 01.AI, adds agents
    github.com/01-ai/Yi gets a new release
    Two more founders leave 01.AI
    Hands on with 01-ai's new agent
    零一万物宣布不再训练超大模型
    零一万物完成新一轮融资
    零一万物联合创始人离职
    零一万物启动上市，李开复任董事长
    李开复：零一万物今年收入翻番
    李开复谈大模型六小虎的下半场
    李开复的AI公司转向企业智能体
    零一萬物執行長李開復：不追AGI
    李開復旗下AI新創擬在港上市
    李開復談DeepSeek衝擊，零一萬物轉型
    大模型六小虎：智谱、MiniMax、月之暗面、百川智能、阶跃星辰、零一万物
    零一万物万智平台升级2.5
    零一万物开源Yi-1.5
    Yi-Lightning进入榜单前列
    AI六小龙现状：零一万物押注To B
    Kai-Fu Lee vende agentes de IA: el giro de 01.AI
    La startup de IA de Kai-Fu Lee prepara su salida a bolsa
    01.AI, la start-up d'IA de Kai-Fu Lee, change de cap
    Kai-Fu Lees KI-Start-up 01.AI will an die Börse
    リー・カイフー氏の01.AI、香港上場へ
    01.AI（零一万物）、企業向けエージェントを発表
    리카이푸의 01.AI, 홍콩 상장 추진
    Startup de IA de Kai-Fu Lee muda de rumo
    01.ai's world model bet, explained
    零一万物被曝裁员
    01.AI in talks to merge
    Ex-01.AI researchers start a robotics firm
    李开复：AI 2.0时代的机会
    Kai-Fu Lee: China will win the AI application race
    Kai-Fu Lee's startup 01.AI hits unicorn status with open LLM
    零一万物回应解散传闻
    李開復：AI代理將改變企業
    Yi-1.5-34B-Chat
    01.AI's Yi-VL-34B understands images
    零一万物与苏州成立联合实验室
    Kai-Fu Lee on why pre-training is no longer a game for startups
    零一万物发布企业智能体平台
    01.AI cuts pre-training team
    李开复称大模型创业进入淘汰赛
    AI pioneer Kai-Fu Lee says China leads in open models
""")

NOT_ZERO_ONE = lines("""
    The new rules start on June 01. AI makers have a month
    Report 2026-01 AI and jobs
    Changes in version 3.01 AI Studio
    Firmware build 01.AI is out for cameras
    Figure 101.AI of the appendix
    Lingyi iTech to make parts for AI glasses
    领益智造拿下AI眼镜订单
    一千零一夜的新版插图
    零一位歌手登上舞台
    Yi Peng festival lights up Chiang Mai
    Wang Yi meets his counterpart, AI on the agenda
    Wang Yi: a model of cooperation
    Yi people of Sichuan use AI to save their script
    Xi and Wang Yi on AI models
    Zhang Yiming and the model of ByteDance
    YI camera maker adds AI model
    Kai-Fu Lee's book of essays on love and illness returns to print
    李开复回忆罹患癌症的日子
    Kai Lee wins the spelling bee
    Season 01, AI episode of the podcast
    AI-01 robot picks tomatoes
    Yi-jing and the art of chance
    万知乡村的茶农
    2024.01 AI 月报
    Ding Yi, model and actor
    Six tigers seen in the park
    零一教育完成融资
    Chapter 01: AI basics
    Chi Yi-cheng wins award for AI research
    101 AI prompts
    Yi Sun-sin statue restored with AI
    李开复作序的新书出版
    2026-10-01 AI roundup
    Forum on AI. Speakers included Wang Yi and Li Qiang
    Sinovation backs a chip maker
    Top 01 AI tools
""")

# ---------------------------------------------------------------------------------------- Alibaba

ALIBABA = lines("""
    Alibaba beats forecasts as cloud sales surge
    Alibaba’s capex plan grows to 480 billion yuan
    Alibaba Cloud opens a data centre in Mexico
    Alibaba-backed startup lists in Hong Kong
    BABA shares slide after earnings
    Pentagon adds Alibaba to its list
    Joe Tsai says Alibaba will use its own chips
    Eddie Wu tells Alibaba staff: think like a startup
    Jack Ma returns to the Alibaba campus
    Qwen3.5 tops open model downloads
    Qwen app books flights and orders milk tea
    How I run Qwen2.5-Coder on an old laptop
    Airbnb boss prefers Qwen to ChatGPT
    QwQ-32B reasons as well as models twenty times its size
    Tongyi Lab head leaves
    Wan2.2 generates video on one card
    Wan 2.6 video model adds role play
    T-Head's new accelerator wins a big telecom order
    DAMO Academy's cancer screening tool cleared for use
    Taobao instant commerce burns cash
    Tmall's Singles' Day begins earlier than ever
    AliExpress fined by the EU over illegal goods
    Cainiao opens a hub in Liège
    Lazada cuts jobs in Singapore
    Trendyol, Alibaba's Turkish arm, expands in Romania
    Ele.me renamed as Taobao flash sale
    Freshippo store opens next to Sam's Club
    Hema closes its last membership stores
    DingTalk puts agents into office chat
    Amap adds street rankings to take on Dianping
    Fliggy bookings jump for Golden Week
    Quark AI glasses go on sale in China
    Alibaba's Quark browser becomes an AI assistant
    ModelScope hosts more than 100,000 models
    Lingma, Alibaba's coding assistant, goes abroad
    Accio, Alibaba's sourcing agent, passes two million users
    阿里巴巴财报：云收入增长34%
    阿里云宣布下架旧机型
    阿里将追加3800亿元投入AI基础设施
    阿里组织架构调整，吴泳铭发内部信
    通义千问登顶开源榜单
    通义实验室负责人离职
    千问App日活破亿
    平头哥自研芯片曝光
    平头哥拟独立上市
    达摩院发布玄铁处理器
    玄铁C930开始交付
    夸克AI眼镜发布
    高德上线街区榜，对标美团
    饿了么升级为淘宝闪购
    淘宝闪购日订单破亿
    天猫双11首日战报
    菜鸟无人车上路
    菜鸟集团撤回上市申请
    钉钉发布新版AI表格
    盒马全年首次盈利
    飞猪春节订单大涨
    闲鱼上线AI鉴定
    魔搭社区发布年度报告
    百炼平台模型调用量翻倍
    吴泳铭：阿里云要做超级AI云
    蔡崇信：阿里不会缺席
    阿里巴巴集團宣布回購股份
    阿里雲在日本新增資料中心
    通義千問開源新模型
    淘寶閃購大戰美團
    阿里巴巴健康股價急升
    Alibaba lanza un modelo de IA que supera a sus rivales
    Alibaba investit massivement dans le cloud
    Alibabas KI-Modell Qwen kommt nach Europa
    AliExpress, multada por Bruselas
    アリババ、AI投資を上積み
    アリババクラウド、日本で2拠点目
    알리바바, 실적 기대 웃돌아
    알리익스프레스 한국 물류센터 짓는다
    Alibaba cresce com nuvem e IA
    Alibaba punta sull'intelligenza artificiale
    Алибаба увеличит вложения в ИИ
    Alibaba's Qwen lead resigns
    Qwen hits one billion downloads
    阿里巴巴将发行32亿美元可转债
    阿里千问接入淘宝、支付宝、高德
    淘宝闪购补贴大战再起
    Alibaba to buy more Zhipu shares
    BABA stock jumps 8% after cloud beat
    SCMP owner Alibaba reorganises
    Show HN: Running Qwen3 on a Raspberry Pi
    如何看待阿里夸克AI眼镜定价1899元？
    阿里云全球多地宕机
    平头哥PPU性能对标H20
    阿里CEO吴泳铭：未来三年投入超3800亿
    China fines Alibaba's Ele.me over food safety
    Temu and AliExpress face French tax on small parcels
    Lazada to merge with Daraz
    盒马要开100家新店
    高德扫街榜上线百天
    Alibaba ofrece su IA gratis a las pymes
    阿里巴巴港股重回200港元
    阿里健康中期盈利增长
    Banma, Alibaba's car software unit, files for IPO
    阿里影业改名大麦娱乐
    Tongyi DeepResearch
    钉钉CEO无招回归
    蚂蚁与阿里投资月之暗面
    Ant and Alibaba cut ties further
    Alibaba raises $3.2bn in convertible notes
    Alibaba denies helping Chinese military
    阿里自研AI芯片，性能追平英伟达
    Qwen team loses another researcher
    千问眼镜开售
    美团、京东、淘宝外卖大战降温
    Alipay owner Ant explores Hong Kong stablecoin; Alibaba shares rise
    阿里旗下国际站推出AI采购
    Alibaba's Singles Day sales grow modestly
    杭州六小龙与阿里云
    Tmall Global opens to European brands
    Alibaba prohíbe Claude Code a sus empleados
    高德地图推出AI导航
    飞猪国庆出境订单增长
""")

NOT_ALIBABA = lines("""
    Ali Baba and the Forty Thieves opens in London
    Ali Baba restaurant wins a kebab prize
    His alibi fell apart in court
    Muhammad Ali's gloves sold at auction
    阿里山赏樱季开始
    阿里山森林铁路恢复通车
    西藏阿里发生4.5级地震
    阿里地区干部会议召开
    阿里纳斯谈旧日恩怨
    阿里扎宣布退役
    穆罕默德·阿里的经典一战
    阿里·哈梅内伊发表讲话
    拳王阿里纪录片上映
    阿里郎列车停运
    双方履行交通义务
    普通义务教育阶段招生
    Quark stars may exist, physicists say
    Physicists trap a top quark pair
    夸克胶子等离子体新发现
    奶酪夸克怎么做
    高德纳预测AI支出增长
    高德温当选
    百炼成钢的铁军
    菜鸟司机上路要注意什么
    股市菜鸟如何入门
    学车菜鸟的一天
    Joe Tsai's Nets trade their guard
    蔡崇信的篮网输给尼克斯
    ants invade a kitchen
    千问万问不如一做
    钉钉子精神
    Wan Gang speaks on hydrogen
    Ewan 2 and other sequels
    Wan 2 years later, the village rebuilds
    Alibaba.ir sells more train tickets
    Amapá elects a governor
    T-Head bolts recalled
    马云龙出任村支书
    天猫座流星雨将至
    Hema Malini returns to the screen
    印度影星海马
    巴里阿里群岛旅游
    阿里安娜火箭升空
    罗伯特·阿里戈尼谈诗
    Ant queens live for decades
    Alibi in court
    阿里·阿卜杜勒当选总理
    阿里亚斯夺冠
    top quark pairs at CERN
    高德里克山谷
    菜鸟教程：Python 入门
    Wan Chai hotel reopens
    Ali Abdullah speaks
    泰国海马节
    Baba Vanga's predictions for AI
    阿里·拉里贾尼谈判
    Jack Sparrow returns
    天猫座方向的星系
    He built an Ali Baba cave in Minecraft
""")

# -------------------------------------------------------------------------------- Export controls

EXPORT_CONTROLS = lines("""
    US tightens export controls on AI chips
    Commerce adds 65 Chinese firms to the Entity List
    Washington puts chip toolmakers on the entity list
    BIS suspends its 50% affiliates rule for a year
    Affiliates rule shelved after the Busan truce: what chip firms should know
    Trump lets Nvidia sell H200 chips to China
    H200 sales to China allowed, with a 25% cut for Washington
    Nvidia wins a licence to ship H20 to China
    Nvidia's H20 needs a licence, and the company takes a $5.5bn charge
    AMD to pay 15% of its China chip sales for licences
    Nvidia awaits approval to sell Blackwell chips in China
    Beijing tells firms not to buy Nvidia's H20
    China's customs block H200 shipments
    China bans exports of gallium, germanium and antimony to the US
    China suspends its ban on gallium and germanium exports
    Gallium prices soar as Beijing tightens licences
    Beijing widens rare earth export controls to cover chips
    Dutch government revokes ASML licences for China
    ASML can no longer ship some DUV machines to China
    Netherlands expands licensing for chip-making tools
    Japan adds chip gear to its list of controlled exports
    Taiwan puts Huawei and SMIC on its strategic goods list
    Taiwan restricts chip exports to South Africa
    South Korean chipmakers lose their US waivers for China plants
    Samsung and SK Hynix get yearly approvals for China fabs
    US revokes TSMC Nanjing's validated end-user status
    VEU status ends for TSMC in Nanjing
    Biden's AI diffusion rule is rescinded
    AI diffusion rule: three tiers of countries
    Foreign direct product rule widened to hit Huawei's suppliers
    FDPR extended to high-bandwidth memory
    HBM exports to China curbed
    Chip Security Act would force location tracking into GPUs
    GAIN AI Act dropped from the defence bill
    Lawmakers push chip tracking to stop Nvidia GPUs reaching China
    Two charged with smuggling Nvidia GPUs to China
    Nvidia chips smuggled through Malaysia, prosecutors say
    Supermicro staff accused of diverting servers to China
    Malaysia requires permits for US AI chips
    Cadence pleads guilty to selling chip design tools to a Chinese university
    US lifts curbs on chip design software
    EDA software curbs on China lifted
    TSMC could face $1bn fine over chip found in Huawei processor
    Commerce warns that using Huawei Ascend chips anywhere breaks US rules
    Blacklisting of YMTC and CXMT weighed
    Blacklisted SMIC makes 5nm chips anyway
    Inspur units blacklisted over supercomputers
    China blacklists chip researcher TechInsights
    China puts TechInsights on its unreliable entity list
    China lifts its ban on Nexperia chip exports
    Nexperia: Beijing blocks exports, carmakers fear chip shortage
    MATCH Act would bar allies from servicing Chinese fabs
    ASML servicing ban in China considered
    Senators urge Trump not to sell Blackwell to China
    Chip embargo has failed, says former official
    Chip curbs push Chinese labs to rent GPUs abroad
    DeepSeek evaded chip curbs, says US official
    Chinese firms train AI overseas to dodge Nvidia ban
    Microsoft gets licences to ship Nvidia chips to the UAE
    UAE and Saudi Arabia cleared to buy 35,000 Blackwell chips
    Export rules on frontier model weights proposed
    Washington stops Anthropic from offering its model abroad
    美国将65家中国企业列入实体清单
    美国商务部收紧AI芯片出口管制
    特朗普允许英伟达向中国出售H200
    英伟达H20获准恢复对华销售
    H20对华销售需要许可证
    中国海关叫停H200入境
    商务部：暂停镓锗锑对美出口禁令
    商务部对镓、锗相关物项实施出口管制
    商务部宣布对稀土及芯片相关物项实施出口管制
    荷兰吊销阿斯麦部分对华许可证
    荷兰限制光刻机出口
    日本拟将半导体设备列入管制清单
    美国撤销台积电南京厂VEU授权
    美国暂停50%穿透规则一年
    芯片走私案：四人被控向中国运送英伟达GPU
    美议员提案要求AI芯片加装定位追踪
    中国将TechInsights列入不可靠实体清单，涉芯片
    安世半导体：商务部禁止在华工厂出口
    EDA断供解除：新思科技恢复对华供货
    长江存储被列入黑名单
    華為、中芯遭台灣列入戰略性高科技貨品管制名單
    輝達H200獲准銷往中國
    美擴大晶片禁令
    美國鬆綁H20輸出中國
    輝達H20出口中國須許可證
    荷蘭擴大半導體設備出口管制
    美商務部撤銷三星、SK海力士中國廠豁免
    晶片走私：輝達GPU經馬來西亞轉運
    Estados Unidos permite a Nvidia vender el H200 a China
    EE. UU. endurece los controles a la exportación de chips de IA
    Nvidia necesita licencia para exportar el H20 a China
    China suspende el veto a la exportación de galio y germanio
    Países Bajos limita la venta de máquinas de ASML a China
    EE. UU. añade a decenas de empresas chinas de chips a su lista negra
    Puces : Washington durcit les contrôles à l'exportation
    Nvidia autorisé à vendre ses puces H200 en Chine
    Les Pays-Bas restreignent les exportations d'ASML vers la Chine
    Terres rares et gallium : Pékin suspend ses restrictions à l'exportation
    USA verschärfen Exportkontrollen für KI-Chips
    Nvidia darf H200 nach China liefern
    Nexperia: China hebt Exportstopp für Chips auf
    USA setzen chinesische Chipfirmen auf schwarze Liste
    China lockert Ausfuhrverbot für Gallium und Germanium
    米、半導体の対中輸出規制を強化
    エヌビディア、H200の対中販売を許可
    中国、ガリウムの輸出規制を一時停止
    半導体製造装置の輸出管理を強化、経産省
    미국, 반도체 대중 수출통제 강화
    엔비디아 H200 중국 판매 허용
    삼성·하이닉스 중국 공장 VEU 철회
    중국, 갈륨·게르마늄 수출 금지 유예
    EUA liberam venda do chip H200 da Nvidia à China
    China suspende restrições à exportação de gálio e germânio
    Controles de exportação de chips: o que muda
    США ужесточили экспортный контроль на чипы
    Stati Uniti, stretta sull'export di chip verso la Cina
    US to revoke waivers for chip plants in China
    Nvidia can sell H20 to China again, Huang says
    Trump says he might let Nvidia sell scaled-down Blackwell in China
    Nvidia says no H20 shipments to China this quarter
    China discourages purchases of Nvidia's H20
    US Senate passes bill giving Americans priority over China for AI chips
    Commerce Department tells TSMC to halt advanced shipments to Chinese customers
    TSMC suspends AI chips for Chinese clients after US order
    Applied Materials fined over shipments to SMIC
    US bans Huawei's Ascend chips worldwide
    House committee wants wider ban on chip gear for China
    ASML sees China sales fall on export rules
    ASML warns over stricter chip rules for China
    Dutch seize Nexperia; China retaliates with export ban
    China eases chip export ban for Nexperia's civilian customers
    China to require licences for rare earths used in chips
    China hits back at US chip curbs with antitrust probe of Qualcomm
    Taiwan adds Huawei to its export blacklist
    Nvidia CEO calls US chip ban a failure
    Nvidia lobbies against Gain AI Act
    How Chinese labs get Nvidia chips despite the ban
    DeepSeek used smuggled Blackwell chips, report says
    Four Americans charged with sending Nvidia supercomputers to China
    US considers curbs on chips to Malaysia and Thailand
    Biden's last-minute AI chip rule angers Europe
    Trump officials rescind the AI diffusion framework
    SK Hynix gets US nod to ship chip tools to its Wuxi plant
    Japan restricts photoresist exports to China
    China bans gallium shipments to US
    Germanium price hits record as China curbs bite
    US chip design software makers told to stop sales to China
    Synopsys resumes China sales after US lifts restrictions
    Export controls are working, says RAND
    Frontier AI weights could face export licences
    美国批准英伟达对华出口H200，抽成25%
    英伟达H20芯片恢复在华销售，商务部回应
    如何看待美国拟取消对华EDA软件限制？
    黄仁勋：对华芯片出口管制是失败的
    美国国会推动芯片安全法案，要求AI芯片定位
    中国反制：稀土出口管制升级，涉14纳米以下芯片
    美国将浪潮子公司列入实体清单
    美国商务部撤销拜登AI扩散规则
    荷兰政府接管安世半导体，中国禁止出口
    台积电南京厂获美国年度许可
    三星西安工厂获美国一年许可
    日本限制光刻胶对华出口
    中国暂停对美镓、锗、锑出口禁令
    特朗普：最先进的Blackwell芯片不会卖给中国
    美国考虑放宽H200对华出口
    英伟达特供芯片B30A能否获批
    美国司法部：查获1.6亿美元走私英伟达GPU
    輝達可望重返中國市場，川普點頭H200
    荷蘭撤銷艾司摩爾部分出口許可
    美國管制HBM出口中國
    EEUU prohíbe a Nvidia exportar a China su chip H20
    China restringe la exportación de galio y germanio, claves para los chips
    Trump autoriza a Nvidia a vender chips avanzados a China
    Nexperia: la Chine autorise à nouveau l'exportation de puces
    Washington interdit la vente de puces Nvidia à la Chine
    ASML darf weniger Maschinen nach China liefern
    US-Regierung erlaubt Nvidia Verkauf von H20 an China
    Schmuggel von Nvidia-Chips nach China aufgeflogen
    エヌビディア「H20」対中輸出、米政府が許可
    米政府、対中半導体規制を緩和
    미국, 엔비디아 H20 중국 수출 허용
    반도체 장비 중국 반입 규제, 삼성·하이닉스 1년 유예
    EUA proíbem exportação de chips da Nvidia para a China
    US tightens chip curbs, adds Chinese AI firms to trade blacklist
    Exclusive: US weighs rule to limit Nvidia sales to Southeast Asia
    Nvidia stops production of H20 after Beijing warning
    Nvidia asks suppliers to halt H20 work
    China's rare earth export curbs threaten chip supply chain
    Beijing suspends curbs on rare earths, lithium batteries and superhard materials
    Senators demand answers on Nvidia's China chip sales
    Chip gear makers lose billions from China restrictions
    Chinese AI firms hoard Nvidia chips before curbs
    Inside the black market for Nvidia GPUs in Shenzhen
    US clears Nvidia exports to Saudi Arabia's Humain and UAE's G42
    Commerce withdraws draft rule on global AI chip permits
    Washington restricts exports of chip chemicals to SMIC
    ASML to stop servicing some equipment in China
    Dutch to require licence for more ASML tools
    Tokyo Electron falls on talk of tighter China export curbs
    如何看待美国商务部将多家中国AI企业列入实体清单？
    美国要求英伟达停止向中国供应H20
    英伟达停产H20
    白宫：不会允许Blackwell出口中国
    芯片法案：美议员要求禁止向中国出售半导体设备
    美国拟限制向马来西亚和泰国出口AI芯片
    外交部回应美国对华芯片新限制
    荷兰将光刻机出口许可权收回
    中国商务部：对原产于美国的模拟芯片反倾销，反制芯片限制
    马斯克xAI获准向沙特出口英伟达芯片
    日本經產省擬管制先進晶片設備出口
    川普政府擬撤三星、SK海力士豁免
    中國暫停稀土、鎵、鍺出口管制一年
    輝達：H20庫存提列減損，受出口管制影響
    台積電暫停供應中國7奈米AI晶片
    Holanda endurece el control de exportación de equipos de ASML
    La guerre des puces: Washington inscrit 140 entreprises chinoises sur liste noire
    USA lockern Regeln für Chip-Exporte nach China
    米、エヌビディア製AI半導体の対中輸出を条件付き容認
    美 상무부, 中 반도체 기업 수출통제 명단 추가
""")

NOT_EXPORT_CONTROLS = lines("""
    South Korean chip exports rise 32% in October
    Taiwan's chip exports hit a record
    India bans rice exports again
    Brazil's coffee exports face new tariffs
    Ghana bans exports of raw cocoa
    Indonesia bans exports of bauxite ore
    Crude export ban debated in Texas
    Arms export licences to Israel suspended
    How to export your chats to CSV
    Export button moves in the new release of the model viewer
    Gemini adds an export to Docs
    BIS warns of AI bubble in its annual report
    Bank for International Settlements (BIS): central banks use AI
    Von heute bis morgen: KI im Alltag
    Entity list endpoint added to the game engine
    The entity list component renders rows
    Nvidia reports record sales
    Nvidia sells more gaming cards in Japan
    Huawei launches a cheaper phone
    Intel opens a fab in Ohio, with Washington's support
    FAA allows drone sales at night
    Parents allow children to use AI chips cards in class
    Poker chips banned at school
    Chip and PIN ban for corner shops
    Casino chips smuggled out in a shoe
    Cigarette smuggling ring uncovered with AI
    Migrant smuggling across the Channel falls
    卡脖子的难题：年轻人买不起房
    一季度芯片出口增长20%
    我国集成电路出口破万亿
    大米出口禁令取消
    印度限制食糖出口
    导出按钮在哪里
    走私香烟案告破
    游戏手柄控制新体验
    韓國晶片出口創新高
    台灣出口連續成長，AI伺服器帶動
    Exportaciones de café caen por la sequía
    Cómo exportar tus contactos del móvil
    Argentina limita la exportación de carne
    Exportations de blé : Moscou impose un quota
    Deutscher Export legt zu
    Waffenexporte: Regierung erteilt weniger Genehmigungen
    半導体輸出、過去最高
    반도체 수출 사상 최대
    US sanctions Russian oil firms
    School bans phones, allows AI
    Apple moves chip design to Munich
    Government restrictions on short-term rentals
    TSMC raises prices for advanced chips
    Parental controls come to ChatGPT
    Passport control at Beijing airport uses AI
    Rent control in Washington: AI model shows effect
    Potato chip ban in Chinese schools
    Australia bans under-16s from social media
    Samsung chip exports to US up on AI demand
    Nvidia opens a lab in Taiwan
    China approves more games
    China allows visa-free entry for Japanese
    Nvidia says gamers buy more cards in China
    US allows sale of TikTok
    China stops importing Japanese seafood
    UK licenses Nvidia-powered self-driving taxis
    Intel sells stake to SoftBank
    US bans sale of Chinese-made connected cars
    Micron to leave server chip business in China
    Trump says chip tariffs are coming
    TSMC trade secrets: three charged in Taiwan
    DeepSeek banned on government devices
    Ban on laser pointers exported from China
    Apple blocks sales of fake chargers
    韩国半导体出口连续增长
    中国芯片进口额下降
    美国对芯片加征关税
    阿斯麦财报超预期
    英伟达发布新显卡
    中国允许进口更多美国大豆
    OpenAI restricts access to its new model to paying users
    Anthropic restricts access to Claude for heavy users
    美国政府要求Anthropic出庭
    Trump orders agencies to stop using Anthropic
    Meta restricts teens' access to AI characters abroad
    Chip shortages limit car sales in China
    Nvidia sells out its AI chips for the year
    China's chip imports from Malaysia surge
    Huawei Ascend roadmap unveiled
    Nvidia unveils Rubin. Its chip ships to customers in China's neighbours next year
    Chip stocks slide. Investors sold Nvidia and AMD as China trade data disappointed.
    中国机电产品出口增长. 集成电路出口同比增长 20%，汽车出口创新高
    US tariffs on Chinese chips delayed
    TSMC Arizona yields improve
    Samsung to supply HBM4 to Nvidia
    China bans imports of Japanese seafood
    EU bans Russian LNG
    日本限制游客进入
    India permits export of wheat products
    Smuggled cigarettes seized by AI scanners
    EU restricts exports of vaccines
    Huawei sues Netgear over Wi-Fi patents and licences
    Apple allows sale of used parts in China
    Samsung wins approval for a plant in Vietnam
    英国限制未成年人使用AI
    苹果暂停向中国用户推送AI功能
    Nvidia halts gaming GPU supply as memory prices rise
""")

# --------------------------------------------------------------------------------- Open-source AI

OPEN_SOURCE_AI = lines("""
    Mistral releases an open-source model for speech
    OpenAI releases gpt-oss, its first open weights in years
    Open-weight models close the gap, study finds
    Meta may stop opening the weights of its best models
    DeepSeek releases weights of V3.2 under the MIT licence
    DeepSeek-R2 is out
    DeepSeek V4 runs on Huawei chips from day one
    Qwen3-Coder is free to download
    Qwen3.5-9B fits a laptop
    Alibaba open-sources Wan2.2
    Moonshot's Kimi K2 Thinking beats closed rivals
    Zhipu's GLM-4.6 arrives with open weights
    GLM-5 released on Hugging Face
    MiniMax-M2 released for agents
    Llama 4 is out and the reviews are mixed
    Gemma 3 270M runs on a phone
    Google releases Gemma 4
    OLMo 3 opens data, code and checkpoints
    Nvidia's Nemotron 3 is free for anyone
    Microsoft's Phi-4 comes with a small reasoning sibling
    IBM Granite 4.0 goes hybrid under Apache 2.0
    Switzerland's Apertus: a public language model, fully open
    Reflection AI raises $2bn to build open frontier models
    White House plan backs open models
    OSI publishes its definition of open source AI
    Is Llama open source? The OSI says no
    Chinese open models overtake American ones in downloads
    Hugging Face launches an open-source robot
    LeRobot, Hugging Face's open library for robots, hits version 1
    PyTorch Foundation adopts vLLM
    llama.cpp gets a web interface
    Ollama raises funds
    Linux Foundation takes over the Agent2Agent protocol, an open-source agent standard
    OpenClaw, the open-source AI agent, goes viral
    Open source coding agents worth a try
    Open-sourcing our evaluation framework for LLMs
    Airbnb leans on open-source Chinese AI
    Meta's open-source AI dream fades
    xAI open-sources Grok 2.5
    Tencent open-sources Hunyuan translation models
    Baidu opens Ernie 4.5 weights
    ByteDance's Seed-OSS released under Apache 2.0
    Xiaomi publishes MiMo, a small open model
    Ant's Ling-1T is open source
    Meituan's LongCat-Flash is open
    StepFun open-sources Step 3
    Anyone can now download the weights of FLUX.2
    Open dataset of a trillion tokens released for training language models
    Downloadable model weights pose little extra risk, says NTIA
    Open-source LLMs and the EU AI Act: who is exempt
    An open source alternative to Claude Code
    DeepSeek开源新一代OCR模型
    深度求索发布DeepSeek-V3.2
    DeepSeek-V4发布，同步开源
    月之暗面开源Kimi K2
    Kimi K2.5发布
    智谱开源GLM-4.7
    智谱GLM-5正式发布
    阿里开源通义万相2.2
    千问3.5开源，多个尺寸
    腾讯混元开源翻译模型
    百度开源文心4.5系列
    小米开源MiMo大模型
    美团开源LongCat
    阶跃星辰开源语音大模型
    MiniMax M2开源即登顶
    英伟达开源机器人基础模型
    OpenAI时隔多年再度开源
    开源大模型下载量中国反超美国
    开源智能体框架一夜爆红
    开放权重模型的安全争论
    面壁智能开源端侧小模型
    谷歌发布Gemma 3
    宇树开源具身智能数据集
    開源AI模型成主流，台廠跟進
    國科會釋出開源繁中語言模型TAIDE
    Meta開源Llama 4
    聯發科開源繁體中文大型語言模型
    OpenAI推出開放權重模型gpt-oss
    Mistral lanza un modelo de código abierto
    La IA de código abierto gana terreno
    Los modelos abiertos chinos superan a los de EE. UU.
    OpenAI libera gpt-oss, sus modelos de pesos abiertos
    España publica ALIA, su familia de modelos de lenguaje abiertos
    Mistral publie un modèle open source de transcription
    L'IA open source, une chance pour l'Europe
    Des modèles à poids ouverts pour l'administration
    Open-Source-KI: Europa setzt auf offene Modelle
    Offene KI-Modelle holen auf
    Aleph Alpha legt Sprachmodell offen, quelloffen und mit Trainingsdaten
    オープンソースのAIモデルを公開、東大発ベンチャー
    オープンウェイトのLLM、国立情報学研究所が公開
    네이버, 하이퍼클로바X 오픈소스 공개
    오픈소스 AI 모델 경쟁 치열
    IA de código aberto avança no Brasil
    Modelos abertos de IA chegam ao setor público
    Modelli open source: la sfida europea sull'IA
    Открытые модели ИИ из Китая догоняют американские
    Show HN: Open-source alternative to Perplexity that runs locally
    Show HN: An open-source agent that fixes your CI
    Qwen3-Next-80B
    Qwen3-235B-A22B-Thinking-2507
    DeepSeek-V3.1
    DeepSeek-OCR
    DeepSeekMath-V2
    Kimi K2 Thinking
    Kimi-Linear: a hybrid architecture, weights on Hugging Face
    GLM-4.5: agentic, reasoning and coding
    GLM-4.6V
    MiniMax M2.1
    MiniMax-M1 is the first open-weight hybrid attention model
    gpt-oss-120b on a Mac
    Mistral Small 3.2
    Devstral 2 and Vibe CLI
    Voxtral: Mistral's open speech models
    Mistral 3 family under Apache 2.0
    Gemma 3n
    EmbeddingGemma
    T5Gemma 2
    Llama 3.3 70B
    Llama 4 Scout and Maverick
    Olmo 3: the whole model flow
    SmolLM3 from Hugging Face
    IBM releases Granite 4 models
    Nvidia Nemotron 3 Nano
    FLUX.2 [klein] released with open weights
    Hunyuan 3D 2.1 open-sourced
    腾讯开源混元世界模型1.5
    小红书开源大模型dots.llm1
    小米开源首个推理大模型
    华为宣布开源盘古大模型
    昆仑万维开源Skywork视频模型
    蚂蚁开源万亿参数模型Ling-1T
    百度开源ERNIE-4.5-VL
    DeepSeek-R1登上Nature封面
    DeepSeek-V3.2-Speciale
    字节开源Seed-OSS-36B
    黄仁勋：开源模型推动AI普及
    Meta考虑放弃开源路线
    中国开源模型在硅谷走红
    美国ATOM项目呼吁发展开源AI
    奥特曼：OpenAI在开源上站在了历史错误的一边
    Sam Altman says OpenAI was on the wrong side of history on open source
    Zuckerberg: why we won't open source everything
    Should open weights be regulated?
    Nathan Lambert on the state of open models
    Trump's AI Action Plan champions open-source
    EU AI Act: open-source exemption explained
    Open WebUI changes its licence
    LangChain, the open-source agent framework, is now a unicorn
    Cline: an open-source coding agent
    Goose: Block's open-source AI agent joins the Linux Foundation
    MCP donated to the Agentic AI Foundation
    Proyecto ALIA: modelos de lenguaje abiertos en español
    DeepSeek publica su modelo V3.2 en abierto
    Mistral sort un modèle ouvert de raisonnement
    Apertus: Schweizer Sprachmodell ist quelloffen
    업스테이지, 솔라 오픈 모델 공개
    DeepSeek releases V3.2-Exp with sparse attention
    Qwen3-VL-30B runs on my MacBook
    Qwen-Image: open-source image model from Alibaba
    Moonshot open-sources Kimi K2.5
    Zhipu AI's GLM-4.7-Flash is free
    MiniMax M2.5 goes open
    OpenAI delays its open model again
    The open-weight gap is closing
    OpenCode: the open source coding agent
    n8n raises $180M for open-source AI automation
    Dify, LangGraph and other open-source agent frameworks compared
    Ai2 releases Olmo 3.1
    Mistral Large 3 is open-weight
    Nvidia open-sources Alpamayo, a driving model
    Nvidia releases open physical AI models
    Show HN: I trained a 1B LLM from scratch, weights and code on GitHub
    Stability AI and the end of open image models
    LLaMA leaked, three years later: lessons for open models
    Anthropic warns about open-weight risks
    开源之王DeepSeek回归，V4前瞻
    通义万相2.5不再开源？
    智谱开源AutoGLM，手机智能体
    宇树科技开源世界模型UnifoLM
    蚂蚁灵波开源具身大模型
    OpenAI开源权重模型gpt-oss上手
    英伟达开源Nemotron 3系列
    开源AI助手OpenClaw爆火
    Hugging Face CEO：中国正在赢得开源AI竞赛
    谷歌开源医疗模型MedGemma
    如何评价 Kimi K2.5 开源？
    Mistral开源编程模型Devstral 2
    國網中心釋出TAIDE新模型，採開源授權
    Gemma 4本地部署教學
    DeepSeek abre el código de su nuevo modelo
    China gana la carrera de la IA abierta
    Mistral AI dévoile Devstral 2, son modèle de code open source
    Meta überdenkt Open-Source-Strategie bei KI
    国産LLMをオープンソースで公開、Preferred Networks
    카카오, 자체 개발 언어모델 오픈소스로 공개
""")

NOT_OPEN_SOURCE_AI = lines("""
    OpenAI opens an office in Seoul
    OpenAI launches GPT-5.2
    Open AI jobs at the ministry: how to apply
    Qwen3-Max scores high, but you can only rent it
    Qwen3.7-Max reaches the API
    KiCad 10 released, the open source circuit designer
    LibreOffice 26.2: open source office suite gets faster
    Blender opens its source to a new physics engine
    Linux 7.0 released
    AI finds a twenty-year-old bug in the Linux kernel
    Firefox adds an AI window
    Open source intelligence: how analysts track ships
    OSINT group maps the front with AI
    Open-source stethoscope costs three dollars
    Redis returns to an open source licence
    PostgreSQL 19 beta released
    Maintainers are tired of AI-written bug reports
    AI agents flood curl with bug reports
    Open source hardware summit in Berlin
    Open model of the city shown at the town hall
    Llama farm opens to visitors
    Llamas guard sheep in Wales
    Gemma Arterton returns in a new play
    Gemma Chan joins the cast
    Mistral winds close the port of Marseille
    A falcon nests on the cathedral
    Kimi Räikkönen's son wins a kart race
    Kimi Antonelli takes pole
    Phi Beta Kappa picks a new head
    Claude 5 launched by Anthropic
    Gemini 3 Pro arrives
    Zhipu raises the price of its coding plan
    Moonshot AI valued at $10 billion
    MiniMax shares double on first day in Hong Kong
    DeepSeek hires again
    DeepSeek app removed from shops in Berlin
    公司坚持开源节流，净利润回升
    开源证券：维持买入评级
    开源证券研报看好AI算力
    全开源进入乒乓球八强
    开源鸿蒙装机量破千万
    医院开源节流渡难关
    華府開源節流
    老乡鸡开源菜谱
    Llama de fuego olímpica llega a Madrid
    Código abierto para votar: la nueva app del ayuntamiento
    Le mistral souffle sur la Provence
    Offene Stellen: Modell Vier-Tage-Woche
    Weight loss open to all: a new model of care
    The gates stay open: a model railway day
    Open weight category at the judo championship
    Granite worktops are back
    Bloom season opens
    Zed editor adds a dark theme
    OpenAI open to IPO next year
    OpenAI sources say IPO is near
    Open source maintainers drown in AI slop
    curl ends bug bounty over AI slop
    AI-generated code in Debian: a debate
    Open-source game engine Godot forked
    Gemini Pro model opens to developers
    Claude Code source leaked
    An open-source phone with removable battery
    Is RSS back? An open source reader
    开源路由系统发布新版
    开源软件供应链遭AI攻击
    开源社区为鸿蒙适配应用
    地方财政开源节流
    Open-source router firmware patches a flaw found by AI
    Mistral raises €1.7bn led by ASML
    Moonshot AI raises $500m
    Kimi adds a slides feature
    Nvidia's open kernel driver
    Qwen3.5-Plus API price cut
    Qwen3-Max-Thinking
    Llama Llama Red Pajama movie
    OpenAI signs $38bn AWS deal
    Source: Apple open to buying Mistral
    Open letter warns of superintelligence
    Anthropic ships Claude Opus 5
    Kimi raises prices
    Weights and pulleys: open day at the museum
    Rust in the Linux kernel, an open source success
    Open source funding dries up
    GIMP 3.2 released
    Python 3.15 is out
    Godot maintainers drown in AI pull requests
    Signal opens its server code
    Bitwarden, open-source password manager, adds passkeys
    Open source EDA tools for chips
    开源证券首席：AI应用元年
    全国政协委员建议开源增收
    Gemini 3 Flash rolled out
    The model stays open until May
    GPT-5.5 leads benchmarks
""")


WANTED = {
    "kling": KLING,
    "01ai": ZERO_ONE,
    "alibaba": ALIBABA,
    "export-controls": EXPORT_CONTROLS,
    "open-source-ai": OPEN_SOURCE_AI,
}
TRAPS = {
    "kling": NOT_KLING,
    "01ai": NOT_ZERO_ONE,
    "alibaba": NOT_ALIBABA,
    "export-controls": NOT_EXPORT_CONTROLS,
    "open-source-ai": NOT_OPEN_SOURCE_AI,
}


@pytest.mark.parametrize("topic", WANTED)
def test_takes_what_its_reader_wants(topic: str) -> None:
    missed = [line for line in WANTED[topic] if topic not in topics_of(line)]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("topic", TRAPS)
def test_leaves_the_traps(topic: str) -> None:
    taken = [line for line in TRAPS[topic] if topic in topics_of(line)]
    assert not taken, "\n".join(taken)

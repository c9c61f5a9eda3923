# 命令行的文字。各语言的键相同。

error = 错误:{ $problem }
warning = 提示:{ $problem }
error-file = 错误:无法读写 { $path }:{ $problem }
error-disk-full = 错误:写 { $path } 时磁盘已满;没有留下半个文件({ $problem })
stopped = 已停止;没有留下任何文件
place-row = 第 { $row } 行
place-value = (现为“{ $value }”)
list-comma = 、

help = 比对公共项目填报与公开采购数据:对不上的标红并说明。
help-screen = 比对一个工作簿、一个 CSV 或 Parquet 文件夹,或 OCDS 数据。
help-template = 写出填报用的工作簿模板。
help-rules = 比对规则:列出、说明、测试、成文、剖析。
help-rules-list = 列出全部规则。
help-rules-show = 完整说明一条规则。
help-rules-test = 运行全部或所列规则的用例。
help-rules-docs = 为每条规则写一页说明。
help-rules-profile = 显示每条语句在一份输入上的用时、内存与执行计划。
help-synth = 写出一个虚构的县(或虚构的采购数据),其中埋有已知的疑点。
help-demo = 写出一个小的虚构县,比对它,并告知标红工作簿的位置。

arg-lang = 语言:zh 或 en(默认随系统,否则为中文)
arg-input = 工作簿(.xlsx、.xls、.ods),按工作表命名的 CSV 或 Parquet 文件夹,或 OCDS(.json、.jsonl,可为 .gz)
arg-kind = 输入或输出的类别;默认自动识别
arg-as-of = 当作“今天”的日期,如 2026-06-30(默认为上海的今天;synth 为 2026-06-30)
arg-audience = 结果给谁看:filer 填报人(完整与一致)或 officer 监督人员(含廉洁规则)
arg-rules = 自有规则的文件夹;编号相同的替换内置规则(可多次给出)
arg-set = 规则参数的取值,如 K17.tolerance=0.2(可多次给出)
arg-only = 只运行这些规则,如 K17,K18
arg-registers = 比对库的工作簿或文件夹
arg-photos = 照片表所列照片所在的文件夹;用于 synth 时为照片张数
arg-currency = 比较哪种货币的金额(默认为最先出现的)
arg-encoding = 非 UTF-8 文本文件的编码,如 gb18030 或 iso-8859-1
arg-datum = 未注明坐标系的范围所用的坐标系,如 CGCS2000 或 EPSG:4547(默认 WGS-84)
arg-filing = 自有的信息项声明(TOML)
arg-key = 证件号所用本县密钥的文件(首次使用时生成)
arg-memory = 规则合计可用的内存,单位 MiB(默认为本机一半)
arg-time-limit = 每条规则的时限,单位秒(默认 120)
arg-format = 结果或虚构县的格式
arg-output = 写出的文件或文件夹;- 为标准输出
arg-fail-on = 出现该级及以上的疑点时,以状态 1 退出
arg-id = 规则编号
arg-ids = 规则编号;不给则为全部
arg-plans = 同时显示执行计划
arg-projects = 项目数,50 至 1,000,000
arg-releases = OCDS 发布数
arg-seed = 种子;种子相同则数据相同
arg-payments = 每个完工项目的拨付笔数,约数

progress-rules = 比对
progress-synth = 生成

summary-input = 已读取{ $kind }:{ $rows }。截至 { $as-of },用时 { $seconds } 秒。
summary-flags = 疑点 { $flags } 个:重 { $high }、中 { $medium }、轻 { $low }。疑点只是疑问,不是结论。
summary-rules = 按规则:
summary-answers = (疑点 { $flagged }、通过 { $passed }、不适用 { $na })
summary-noisy = [过多:超过五分之一被标出]
summary-gravest = 最重的 { $count } 个:
summary-red = 标红工作簿:{ $path }

severity-high = 重
severity-medium = 中
severity-low = 轻
audience-filer = 填报人
audience-officer = 监督人员
audience-both = 公开

flags-sheet = 疑点
flags-rule = 规则
flags-severity = 轻重
flags-subject = 主体
flags-title = 名称
flags-says = 疑点说明
flags-money = 涉及金额(元)
flags-items = 信息项
flags-related = 其他相关
flags-basis = 依据
workbook-note = 以下是看灯读到的值,可疑单元格已标红。原文件的公式与格式不在此处。
workbook-cell-note = { $rule } { $title }:{ $says }

template-file = 看灯填报模板.xlsx
template-written = 已写出:{ $path }

rules-county = 公共项目填报
rules-ocds = 公开采购数据
rules-docs-written = 已写出 { $pages } 页,在 { $folder }
rules-test-ok = 通过    { $rule }({ $cases } 例)
rules-test-failed = 未通过  { $rule }
rules-test-sum = 通过 { $passed },未通过 { $failed }
profile-head = 用时、最高内存、语句

page-index = 规则
page-audience = 对象:
page-severity = 轻重:
page-subject = 主体:
page-reach = 改动波及:
page-items = 标红的信息项:
page-basis = 依据:
page-method = 比对方法
page-why = 为何是疑点
page-says = 疑点说明的写法
page-population = 适用范围
page-all = 全部主体
page-needs = 需要
page-excludes = 不包括
page-params = 参数
page-params-note = 默认值仅为示例;各县自定的取值不公开。
page-example = 示例

demo-county = 虚构县,{ $projects } 个项目:{ $workbook };另存有 { $answers } 条埋设的答案。
demo-next = 接下来:打开标红工作簿;kandeng rules show K17 说明一条规则;kandeng template 写出填报模板。
